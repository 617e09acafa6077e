/** What of an exchange may be told beyond the default. Parsers may have kept more of it: under the policy that was in force when they read it. */
export interface AttributePolicy {
  readonly captureQueries: boolean;
  readonly sanitizeQueries: boolean;
  readonly maxQueryLength: number;
  readonly captureParameters: boolean;
  readonly captureHeaders: readonly string[];
  readonly captureBodyBytes: number;
}
