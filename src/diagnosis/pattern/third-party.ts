import { parameterise } from '../../signature/parameterise.js';
import { httpStatus, operationName, textOf } from '../../signature/operation.js';
import type { Span } from '../../trace/span.js';
import type { PatternDetector, Sighting } from './pattern.js';
import { isRefusal, type TraceView } from './trace-view.js';

/** What is called fails and has no spans of its own: only its callers' spans tell. */
export const thirdParty: PatternDetector = {
  kind: 'third-party', judged: 'change',
  sightings: ({ bad, healthy }) => {
    const known = new Set([...bad, ...healthy].flatMap(({ spans }) => spans.map(({ serviceName }) => serviceName)));
    return [...bad, ...healthy].flatMap((view) => sightingsIn(view, known));
  },
  inWords: ({ sample }) => `Calls from ${sample.service} to ${sample.peer ?? ''} fail (${sample.what ?? ''}); ${sample.peer ?? ''} sends no spans of its own`,
};

/** One sighting for each such dependency of a trace. */
function sightingsIn(view: TraceView, known: ReadonlySet<string>): readonly Sighting[] {
  const found = new Map<string, Sighting>();
  for (const { span, answer, service, failed } of [...view.calls.values()].flat()) {
    if (!failed || answer !== undefined || service === '' || known.has(service) || isRefusal(span)) continue;
    const key = JSON.stringify([span.serviceName, service]);
    if (!found.has(key)) found.set(key, { view, span, service: span.serviceName, operation: operationName(span), peer: service, what: errorOf(span) });
  }
  return [...found.values()];
}

const SHOWN = 80;

/** Short, and the same for failures of one kind. */
function errorOf(span: Span): string {
  const status = httpStatus(span);
  const exception = span.events.find(({ name }) => name === 'exception')?.attributes ?? {};
  const text = textOf(exception, ['exception.type']) ?? textOf(span.attributes, ['error.type']) ?? (span.statusMessage === '' ? undefined : parameterise(span.statusMessage));
  return status === undefined ? (text ?? 'status error').slice(0, SHOWN) : `HTTP ${status}`;
}
