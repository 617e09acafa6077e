import type { EventExclusion, Exclusion, ExclusionWindow } from '../config/exclusion.js';
import type { Slo } from '../config/slo.js';
import { formatDuration } from '../lib/duration.js';
import type { Database } from './database.js';
import { loadSql } from './fs-sql.js';

const LAST = loadSql(import.meta.url, 'last-exclusions.sql');
const LOG = loadSql(import.meta.url, 'log-exclusions.sql');

/** The budget of an SLO under the rules that were in force, and under those that are. */
export type BudgetsOf = (slo: string) => { readonly before: number | undefined; readonly after: number | undefined };

interface ExclusionState {
  readonly slo: string;
  readonly exclusion: string;
  readonly createdBy: string;
  readonly reason: string;
  readonly what: string;
  readonly definition: string;
}

/** Writes down which exclusions came, changed and went since the last time, with who, why, and the budget before and after. What is written stays. */
export async function logExclusions(database: Database, slos: readonly Slo[], { nowMs, budgetsOf }: { readonly nowMs: number; readonly budgetsOf: BudgetsOf }): Promise<void> {
  const rows = await database.query({ sql: LAST });
  const last = new Map(rows.filter((row) => row['change'] !== 'removed').map((row) => {
    const state: ExclusionState = { slo: String(row['slo']), exclusion: String(row['exclusion']), createdBy: String(row['created_by']), reason: String(row['reason']), what: String(row['what']), definition: String(row['definition']) };
    return [keyOf(state), state] as const;
  }));
  const current = new Map(slos.flatMap(statesOf).map((state) => [keyOf(state), state] as const));
  const changes = [
    ...[...current.values()].filter((state) => last.get(keyOf(state))?.definition !== state.definition).map((state) => ({ ...state, change: last.has(keyOf(state)) ? 'changed' : 'added' })),
    ...[...last.values()].filter((state) => !current.has(keyOf(state))).map((state) => ({ ...state, change: 'removed' })),
  ].map((change) => {
    const { before, after } = budgetsOf(change.slo);
    return { ...change, budgetBefore: before ?? null, budgetAfter: after ?? null };
  });
  if (changes.length > 0) await database.transaction([{ sql: LOG, params: { rows: JSON.stringify(changes), at_ms: nowMs } }]);
}

function keyOf({ slo, exclusion }: Pick<ExclusionState, 'slo' | 'exclusion'>): string {
  return JSON.stringify([slo, exclusion]);
}

function statesOf({ name: slo, exclusions = [], excludedEvents = [] }: Slo): ExclusionState[] {
  return [...exclusions, ...excludedEvents].map((each) => ({ slo, exclusion: each.name, createdBy: each.by, reason: each.reason, what: whatOf(each), definition: definitionOf(each) }));
}

/** Where it stands in which file changes nothing. */
function definitionOf(exclusion: Exclusion | EventExclusion): string {
  const { by, reason } = exclusion;
  return JSON.stringify('window' in exclusion ? [by, reason, exclusion.window] : [by, reason, exclusion.match.text, exclusion.fromMs ?? null, exclusion.toMs ?? null]);
}

function whatOf(exclusion: Exclusion | EventExclusion): string {
  if ('window' in exclusion) return windowInWords(exclusion.window);
  const [from, to] = [exclusion.fromMs, exclusion.toMs].map((ms) => (ms === undefined ? undefined : new Date(ms).toISOString()));
  return [exclusion.match.text, from === undefined ? '' : `from ${from}`, to === undefined ? '' : `until ${to}`].filter((part) => part !== '').join(' ');
}

function windowInWords(window: ExclusionWindow): string {
  if (window.kind === 'once') return `from ${new Date(window.fromMs).toISOString()} to ${new Date(window.toMs).toISOString()}`;
  return `${window.recurrence.frequency}, ${formatDuration(window.durationMs)} from ${new Date(window.startWallMs).toISOString().slice(11, 16)} (${window.timeZone})`;
}
