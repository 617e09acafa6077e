/** What of an exchange may be told beyond the default. */
export interface AttributePolicy {
  readonly captureQueries: boolean;
  readonly sanitizeQueries: boolean;
  readonly maxQueryLength: number;
}
