import type { FactTable, QualityFact } from './quality-fact.js';

/** An operation in which the slowest traces spend their time. */
export interface SlowOperation {
  readonly service: string;
  readonly operation: string;
  /** Its own time / the time of all operations in these traces. */
  readonly share: number;
  /** Of the slowest traces, those with it. */
  readonly traces: number;
  readonly examples: QualityFact['examples'];
}

const SHOWN = 10;

export function slowestOf(table: FactTable): SlowOperation[] {
  const facts = table.of('slow-self').filter(({ value }) => value > 0);
  const total = facts.reduce((sum, { value }) => sum + value, 0);
  return facts.sort((left, right) => right.value - left.value).slice(0, SHOWN).map(({ service, subject, n, value, examples }) => ({ service, operation: subject, share: value / total, traces: n, examples }));
}
