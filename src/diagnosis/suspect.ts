import { formatPercent } from '../lib/format.js';
import { placeInWords, placeKey, type Place } from '../signature/root-error.js';
import type { CohortHint } from './cohort-hint.js';
import type { Finding } from './finding.js';

/** Below this share the most frequent place is named as no more than that. */
const CLEAR_SHARE = 0.3;

/** Where the bad events begin: the place that most of them name. */
export interface Suspect {
  readonly kind: Finding['kind'];
  readonly place: Place;
  readonly findings: readonly Finding[];
}

export function mostFrequentPlace(findings: readonly Finding[]): Suspect | undefined {
  const groups = groupBy(findings, (finding) => JSON.stringify([finding.kind, ...placeKey(finding.place)]));
  const largest = groups[0];
  const first = largest?.[0];
  return largest === undefined || first === undefined ? undefined : { kind: first.kind, place: first.place, findings: largest };
}

/** "41 of 57 failures start in payment POST /charge; all 41 have region=eu-2 (7 of 60 healthy requests do)". */
export function suspectInWords(suspect: Suspect, findings: readonly Finding[], hint: CohortHint | undefined): string {
  const [count, all] = [suspect.findings.length, findings.length];
  const where = placeInWords(suspect.place);
  const text = count / all < CLEAR_SHARE ? `No single place: the most frequent one, ${where}, explains ${count} of ${all}` : startIn(suspect, findings, where);
  return hint === undefined ? text : `${text}; ${hintInWords(hint, suspect.findings.length)}`;
}

function startIn({ kind, findings: { length: count } }: Suspect, findings: readonly Finding[], where: string): string {
  const all = findings.length;
  const pure = findings.every((finding) => finding.kind === kind);
  const one = count === 1;
  if (kind === 'failed') return `${count} of ${all} ${pure ? plural(all, 'failure') : plural(all, 'bad request')} ${one ? 'starts' : 'start'} in ${where}`;
  return `${count} of ${all} ${pure ? plural(all, 'slow request') : plural(all, 'bad request')} ${one ? 'spends' : 'spend'} most of the extra time in ${where}`;
}

function hintInWords(hint: CohortHint, all: number): string {
  const share = hint.badShare === 1 ? `all ${all} have` : `${formatPercent(hint.badShare, 0)} have`;
  const healthy = `${hint.healthyCount === 0 ? 'none' : hint.healthyCount} of ${hint.healthyOf} healthy requests ${hint.healthyCount < 2 ? 'does' : 'do'}`;
  return `${share} ${hint.attribute}=${hint.value} (${healthy})`;
}

export function plural(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`;
}

/** Sampled events count as often as those that they stand for. */
export function weightOf(findings: readonly Finding[]): number {
  return findings.reduce((sum, { event }) => sum + event.weight, 0);
}

/** The group of the greatest weight first; equal ones in the order in which they first came. */
export function groupBy(findings: readonly Finding[], keyOf: (finding: Finding) => string): readonly (readonly Finding[])[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = keyOf(finding);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finding]);
    else group.push(finding);
  }
  return [...groups.values()].sort((left, right) => weightOf(right) - weightOf(left));
}
