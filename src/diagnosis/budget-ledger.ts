import { formatPercent } from '../lib/format.js';
import { textOf } from '../signature/operation.js';
import type { LedgerRow } from './evidence.js';
import type { Finding } from './finding.js';

/** What a person reads; the rest is one row, so that the shares add up. */
const ROWS = 6;

/**
 * Every bad event that was looked at is charged to where it began: service, operation, version, and the group of the event where its SLO counts by
 * groups (`groupBy`, as rules name attributes). Shares are weighted and add up to 1. `burned` is the part of the whole budget that the bad events of the
 * window used up; each row has its share of it.
 */
export function budgetLedger(findings: readonly Finding[], burned: number | undefined, groupBy: readonly string[] = []): readonly LedgerRow[] {
  const charged = new Map<string, { readonly row: Pick<LedgerRow, 'service' | 'operation' | 'version' | 'group'>; weight: number; events: number }>();
  for (const finding of findings) {
    const { version, place: { service, operation } } = finding;
    const row = { service, operation, version, ...(groupBy.length === 0 ? {} : { group: groupOf(finding, groupBy) }) };
    const key = JSON.stringify(row);
    const known = charged.get(key) ?? { row, weight: 0, events: 0 };
    charged.set(key, known);
    known.weight += finding.event.weight;
    known.events += 1;
  }
  const total = [...charged.values()].reduce((sum, { weight }) => sum + weight, 0);
  if (total <= 0) return [];
  const ordered = [...charged].sort(([leftKey, left], [rightKey, right]) => right.weight - left.weight || (leftKey < rightKey ? -1 : 1)).map(([, each]) => each);
  const rest = ordered.slice(ROWS);
  const others = rest.length === 0 ? [] : [{ row: { service: '', operation: '', version: '' }, weight: rest.reduce((sum, { weight }) => sum + weight, 0), events: rest.reduce((sum, { events }) => sum + events, 0) }];
  return [...ordered.slice(0, ROWS), ...others].map(({ row, weight, events }) => ({ ...row, events, share: weight / total, budget: burned === undefined ? undefined : (burned * weight) / total }));
}

/** "payment 2.3 POST /charge burned 81 % of it, 1.6 % of the whole budget". */
export function ledgerInWords([first]: readonly LedgerRow[]): string | undefined {
  if (first === undefined || first.service === '') return undefined;
  const whole = first.budget === undefined ? '' : `, ${first.budget < 0.000_5 ? 'less than 0.1 %' : formatPercent(first.budget, 1)} of the whole budget`;
  const group = first.group === undefined || first.group === '' ? '' : ` (${first.group})`;
  return `${first.service}${first.version === '' ? '' : ` ${first.version}`} ${first.operation}${group} burned ${formatPercent(first.share, 0)} of it${whole}`;
}

/** `region=eu-2, tenant=(none)`: what the event itself has. */
function groupOf({ event }: Finding, groupBy: readonly string[]): string {
  return groupBy.map((text) => {
    const [, scope, key = ''] = /^(resource\.|span\.|\.)?(.*)$/.exec(text.replaceAll('"', '')) ?? [];
    const value = (scope === 'resource.' ? undefined : textOf(event.attributes, [key])) ?? (scope === 'span.' ? undefined : textOf(event.resource, [key]));
    return `${key}=${value ?? '(none)'}`;
  }).join(', ');
}
