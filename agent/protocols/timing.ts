/** What every exchange has. */
export interface Timing {
  /** First byte of the request. */
  readonly startNs: number;
  /** Last byte of the answer that was seen; meaningful once the exchange has ended. */
  endNs: number;
  /** Where the request begins, in bytes of its direction since the parser began: equal on both ends of a connection that were seen from the start. */
  readonly requestOffset: number;
  /** The end of the answer was not captured: the end is that of the last byte which is known to belong to it, and sizes are unknown. */
  isCut: boolean;
}
