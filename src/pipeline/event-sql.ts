import type { SqlValue } from '../store/database.js';
import type { EventCriteria } from './evidence-reader.js';

/** Fills the places for `total` and `bad` of a statement over spans. `bad` and not `good` need care with NULL: a span that lacks the attribute does not match, so with `good` it is bad. */
export function withCriteria(template: string, criteria: EventCriteria): { readonly sql: string; readonly params: Readonly<Record<string, SqlValue>> } {
  const { total, bad, good } = criteria;
  const isBad = bad !== undefined ? `(${bad.where}) IS TRUE` : `(${good?.where ?? 'TRUE'}) IS NOT TRUE`;
  return {
    sql: template.replace('/* total */ TRUE', () => total.where).replace('/* bad */ TRUE', () => isBad),
    params: { ...total.params, ...bad?.params, ...good?.params },
  };
}
