import type { CompiledSlo } from '../sli/compile-slo.js';
import type { ArrivedSlice } from './replay.js';

/** Slices that arrived in [fromMinute, toMinute), Unix minutes. */
export interface SliceQuery {
  readonly sliceKeys: readonly string[];
  readonly fromMinute: number;
  readonly toMinute: number;
  /** Imported data too, as if it had arrived when it happened. Live evaluation never sees it. */
  readonly imported: boolean;
}

/** The same, counted anew from stored spans: for queries that were not there when the spans came. */
export interface RecountQuery extends Omit<SliceQuery, 'sliceKeys'> {
  readonly slo: CountedSlo;
}

/** What decides the count of an SLO. */
export type CountedSlo = Pick<CompiledSlo, 'sliceKey' | 'total' | 'part' | 'weight' | 'excludes' | 'journey'>;

/** What is stored: minutes by arrival, imported ones by event. */
export interface HistoryExtent {
  /** First minute of each key that has any slice. */
  readonly firstMinutes: ReadonlyMap<string, number>;
  /** Undefined where no span is stored. */
  readonly firstSpanMinute: number | undefined;
  /** Stretches [from, to) in which Tocsin was up; with imported data also those that it covers. */
  readonly covered: readonly (readonly [fromMinute: number, toMinute: number])[];
}

/** The past as a backtest reads it. Adapters: the database, and a running service that has it open. */
export interface ReplayHistory {
  extent(query: SliceQuery): Promise<HistoryExtent>;
  /** Oldest arrival first. */
  slices(query: SliceQuery): Promise<readonly ArrivedSlice[]>;
  /** Oldest arrival first. */
  recount(query: RecountQuery): Promise<readonly ArrivedSlice[]>;
}
