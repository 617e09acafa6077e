/** Event time in Unix milliseconds, `fromMs` inclusive and `toMs` exclusive. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}
