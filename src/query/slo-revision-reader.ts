/** One definition of an SLO: what was counted, from when on, and what it came to. */
export interface SloRevision {
  /** `name@revision`, under which its slices are. */
  readonly sliceKey: string;
  /** Undefined for what was counted before definitions were kept. */
  readonly definition: { readonly total: string; readonly polarity: 'good' | 'bad'; readonly part: string; readonly firstInForceMs: number } | undefined;
  /** Undefined where nothing was counted. `storedFromMs`: how far back it was counted from spans that were stored before it was in force. */
  readonly counted: { readonly firstMs: number; readonly lastMs: number; readonly good: number; readonly bad: number; readonly storedFromMs?: number } | undefined;
}

export interface SloRevisionReader {
  /** Newest first. */
  revisions(slo: string): Promise<readonly SloRevision[]>;
}
