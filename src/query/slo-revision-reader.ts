/** One definition of an SLO: what was counted, from when on, and what it came to. */
export interface SloRevision {
  /** `name@revision`, under which its slices are. */
  readonly sliceKey: string;
  /** Undefined for what was counted before definitions were kept. */
  readonly definition: { readonly total: string; readonly polarity: 'good' | 'bad'; readonly part: string; readonly firstInForceMs: number } | undefined;
  /** Undefined where nothing was counted. `storedFromMs`: how far back it was counted from spans that were stored before it was in force. */
  readonly counted: { readonly firstMs: number; readonly lastMs: number; readonly good: number; readonly bad: number; readonly storedFromMs?: number } | undefined;
}

/** One change of what an SLO leaves out. */
export interface ExclusionChange {
  readonly atMs: number;
  readonly exclusion: string;
  readonly change: 'added' | 'changed' | 'removed';
  readonly by: string;
  readonly reason: string;
  /** TraceQL, or when. */
  readonly what: string;
  /** Error budget left, signed, under the rules before and after; undefined where there was none to tell. */
  readonly budgetBefore: number | undefined;
  readonly budgetAfter: number | undefined;
}

export interface SloRevisionReader {
  /** Newest first. */
  revisions(slo: string): Promise<readonly SloRevision[]>;
  /** Newest first, the last two hundred. */
  exclusionLog(slo: string): Promise<readonly ExclusionChange[]>;
}
