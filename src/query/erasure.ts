export const ERASURE_STATES = ['asked', 'erasing', 'removing', 'done'] as const;

/** A receipt: what was asked to be erased, and what became of it. The value itself is not in it. */
export interface Erasure {
  readonly id: string;
  readonly attribute: string;
  /** SHA-256 of the value, hexadecimal: who knows the value can tell that it was meant. */
  readonly valueSha256: string;
  readonly reason: string;
  readonly askedBy: string;
  readonly askedAtMs: number;
  readonly state: (typeof ERASURE_STATES)[number];
  readonly traces: number;
  readonly hotSpans: number;
  readonly archivedSpans: number;
  readonly logs: number;
  /** Archived files that were written anew, or removed whole. */
  readonly files: number;
  readonly doneAtMs: number | undefined;
}

export interface ErasureRequest {
  readonly id: string;
  readonly attribute: string;
  readonly value: string;
  readonly reason: string;
  readonly askedBy: string;
  readonly askedAtMs: number;
}

export interface ErasureBook {
  /** Writes down what is to be erased; that happens within minutes. */
  ask(request: ErasureRequest): Promise<Erasure>;
  /** Newest first. */
  list(): Promise<readonly Erasure[]>;
  one(id: string): Promise<Erasure | undefined>;
}

export function erasureJson({ id, attribute, valueSha256, reason, askedBy, askedAtMs, state, traces, hotSpans, archivedSpans, logs, files, doneAtMs }: Erasure): unknown {
  return { id, attribute, valueSha256, reason, askedBy, askedAt: new Date(askedAtMs).toISOString(), state, traces, hotSpans, archivedSpans, logs, files, doneAt: doneAtMs === undefined ? null : new Date(doneAtMs).toISOString() };
}
