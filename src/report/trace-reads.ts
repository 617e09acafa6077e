/** What was asked of traces. */
export type TraceQuestion = 'trace' | 'search' | 'export';

/** One answer to a question about traces. */
export interface TraceRead {
  readonly path: string;
  /** HTTP status of the answer. */
  readonly status: number;
  /** Name of the token; undefined where the asker was not let in. */
  readonly actor: string | undefined;
  /** Address that asked. */
  readonly from: string;
  readonly elapsedMs: number;
}

/** Reads of one reader in one hour whose answers took equally long. */
export interface ReadCount {
  readonly reader: string;
  readonly what: TraceQuestion;
  readonly refused: boolean;
  readonly bucket: number;
  readonly n: number;
}

const ONE_TRACE = /^\/(?:traces\/[^/]+(?:\/spans\/[^/]+)?|api\/v1\/traces\/[^/]+|tempo\/api(?:\/v2)?\/traces\/[^/]+|jaeger\/api\/traces\/[^/]+)$/;
const SEARCH = /^\/(?:traces|api\/v1\/traces|tempo\/api\/search|jaeger\/api\/traces)$/;
const EXPORT = '/api/v1/export';

/** Undefined where a path has nothing to do with the content of traces. */
export function questionOf(path: string): TraceQuestion | undefined {
  if (ONE_TRACE.test(path)) return 'trace';
  if (SEARCH.test(path)) return 'search';
  return path === EXPORT ? 'export' : undefined;
}

const UNAUTHENTICATED = 401;
const FORBIDDEN = 403;

export function isRefused(status: number): boolean {
  return status === UNAUTHENTICATED || status === FORBIDDEN;
}

/** Who it was, for the record: a token by its name, everybody else by address. */
export function readerOf({ actor, status, from }: TraceRead): string {
  if (actor !== undefined) return actor;
  return `${status === FORBIDDEN ? 'a token of too low a role' : 'no known token'}, from ${from}`;
}
