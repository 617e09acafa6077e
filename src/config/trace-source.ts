/** The `type` of a metric source or DataSource that means: spans received by Tocsin. */
export const TRACE_TYPES: readonly string[] = ['traces', 'otlp-traces'];
