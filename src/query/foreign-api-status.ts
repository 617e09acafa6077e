import type { ApiErrorCode } from './api-error.js';

const STATUS: Readonly<Partial<Record<ApiErrorCode, number>>> = {
  'trace/not-found': 404, 'traceql/too-much': 422, 'request/not-found': 404, 'request/foreign-host': 421, 'request/foreign-origin': 403,
  'access/token-missing': 401, 'access/token-rejected': 401, 'access/role-too-low': 403, 'request/failed': 500,
};

/** HTTP status of what goes wrong in the APIs of Tempo and Jaeger: what only Tocsin's own API can say is not among them. */
export function foreignApiStatus(code: ApiErrorCode): number {
  return STATUS[code] ?? 400;
}
