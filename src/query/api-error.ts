/** Every way the pages and the API can say no. The filter alone knows which HTTP status a code has. */
export const API_ERROR_CODES = [
  'request/invalid', 'request/not-found', 'request/foreign-host', 'request/foreign-origin', 'request/failed',
  'access/token-missing', 'access/token-rejected', 'access/role-too-low',
  'slo/not-found', 'incident/not-found', 'silence/not-found', 'trace/not-found', 'trace/invalid-id', 'traceql/invalid', 'traceql/too-much', 'service/not-found', 'span/not-found', 'signature/not-found', 'delivery/not-found', 'erasure/not-found', 'delivery/overtaken', 'drill/not-found', 'drill/under-way',
] as const;
export type ApiErrorCode = (typeof API_ERROR_CODES)[number];

/** Thrown by controllers and guards for what a caller did. `detail` says what is wrong, `hint` what would be right. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  readonly hint: string;
  /** Further members of the problem document, like the position in a query. */
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(code: ApiErrorCode, detail: string, options: { readonly hint?: string; readonly extra?: Readonly<Record<string, unknown>> } = {}) {
    super(detail);
    this.code = code;
    this.hint = options.hint ?? '';
    this.extra = options.extra ?? {};
  }
}
