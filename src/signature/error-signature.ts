/** What failed, with everything that changes from one occurrence to the next taken out. */
export interface ErrorSignature {
  /** Versioned hash: `v2:9f86d081884c7d65`. Equal failures have equal ids on every replica and after every restart. */
  readonly id: string;
  /** What earlier versions of the normaliser called it; absent in evidence that those took. */
  readonly earlierIds?: readonly string[];
  /** The frames that went into the hash, innermost first; absent without a stack. */
  readonly frames?: readonly string[];
  /** Exception type, `error.type`, or `HTTP 503`. */
  readonly type: string;
  /** Message with numbers, ids, addresses replaced: `card <uuid> declined`. */
  readonly message: string;
  /** Where the failure began: the root error span, not the callers that repeat it. */
  readonly service: string;
  readonly operation: string;
  /** Failed events with this signature among those examined. */
  readonly count: number;
}
