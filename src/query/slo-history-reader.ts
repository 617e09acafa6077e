import type { TimeWindow } from './time-window.js';

/** Weighted events of the slices from `minute` (Unix minutes) up to the next count. */
export interface MinuteCount {
  readonly minute: number;
  readonly good: number;
  readonly bad: number;
}

export interface SloHistoryQuery extends TimeWindow {
  readonly sliceKey: string;
  /** The SLO's window: the budget at `fromMs` needs what happened before. */
  readonly windowMs: number;
  /** Longest window of the burn rates that are charted. */
  readonly longestBurnMs: number;
  /** Whole minutes between two counts where detail is needed. */
  readonly stepMinutes: number;
  /** No minutes may be summed up: windows begin with the calendar, or slices are judged one by one. */
  readonly isDetailed?: boolean;
}

export interface SloHistoryReader {
  /**
   * Counts from the start of the first budget window to `toMs`, oldest first, minutes without events left out. Minutes that lie inside
   * every window of the chart are one count: no window begins or ends there.
   */
  counts(query: SloHistoryQuery): Promise<readonly MinuteCount[]>;
}
