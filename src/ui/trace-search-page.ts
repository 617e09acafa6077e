import type { ApiError } from '../query/api-error.js';
import type { TraceSummary } from '../query/trace-reader.js';

const FIELDS = ['q', 'service', 'operation', 'user', 'errors', 'minDuration', 'maxDuration', 'range', 'from', 'to', 'mapFrom', 'mapTo'] as const;
export type SearchForm = Readonly<Record<(typeof FIELDS)[number], string>>;
/** Of a long query only the neighbourhood of the mistake is shown. */
const CONTEXT = 60;

/** What the visitor typed, as typed. */
export function searchForm(query: Readonly<Record<string, unknown>>): SearchForm {
  return Object.fromEntries(FIELDS.map((field) => [field, typeof query[field] === 'string' ? query[field] : ''])) as SearchForm;
}

/** A form sends its empty fields too, and beside a range that was just chosen still the times of the link it came from. */
export function withoutBlanks(query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const given = Object.fromEntries(Object.entries(query).filter(([, value]) => typeof value !== 'string' || value.trim() !== ''));
  const { from, to, mapFrom, mapTo, ...others } = given;
  return others['range'] === undefined ? { ...others, from, to, mapFrom, mapTo } : others;
}

/** The address of a search with some fields changed; an empty text clears one. */
export function searchUrl(path: string, form: SearchForm, changes: Partial<SearchForm>): string {
  const fields = Object.entries({ ...form, ...changes }).filter(([, value]) => value !== '');
  return `${path}?${new URLSearchParams(fields).toString()}`;
}

export interface SearchProblem {
  readonly message: string;
  readonly hint: string;
  /** The part of the query around the first wrong character, split there. */
  readonly marked: { readonly before: string; readonly at: string; readonly after: string } | undefined;
  readonly place: string;
}

export function searchProblem(error: ApiError): SearchProblem {
  const { offset, line, column, query } = error.extra;
  const isPlaced = typeof offset === 'number' && typeof query === 'string';
  return {
    message: error.message,
    hint: error.hint,
    marked: isPlaced ? markedQuery(query, offset) : undefined,
    place: isPlaced && typeof line === 'number' && typeof column === 'number' ? (line > 1 ? `line ${line}, column ${column}` : `column ${column}`) : '',
  };
}

function markedQuery(query: string, offset: number): SearchProblem['marked'] {
  const start = Math.max(0, offset - CONTEXT);
  return {
    before: `${start > 0 ? '…' : ''}${query.slice(start, offset)}`,
    at: query.slice(offset, offset + 1) || '␣',
    after: query.slice(offset + 1, offset + CONTEXT),
  };
}

/** SDKs send every 5 seconds, and the root ends last: so old a trace is only now on its way, not broken. */
const ARRIVING_MS = 30_000;

export function searchRows(traces: readonly TraceSummary[], nowMs: number): Record<string, unknown>[] {
  const longest = traces.reduce((most, trace) => Math.max(most, trace.durationNs), 1);
  return traces.map((trace) => ({ ...trace, isArriving: trace.rootMissing && nowMs - trace.startMs - trace.durationNs / 1e6 < ARRIVING_MS, share: Math.max(0.5, Math.round((1_000 * trace.durationNs) / longest) / 10) }));
}
