import type { SpanId, TraceId } from '../../lib/ids.js';
import type { Span } from '../../trace/span.js';
import type { TraceView } from './trace-view.js';

export const PATTERN_KINDS = [
  'synchronous-exporter', 'broken-context', 'cold-start', 'retry-amplification', 'pool-wait', 'slow-statement', 'third-party', 'n-plus-one', 'fan-out', 'queue-lag', 'proxy-overhead', 'clock-skew',
  'slow-dependency', 'slow-self',
] as const;
/** What people know by a name and have a runbook for. */
export type PatternKind = (typeof PATTERN_KINDS)[number];

/** A known pattern of trouble, with the traces that show it. */
export interface PatternFinding {
  readonly kind: PatternKind;
  /** Where it is mended. */
  readonly service: string;
  readonly operation: string;
  /** The other side, where there is one. */
  readonly peer?: string;
  /** One sentence. */
  readonly words: string;
  /** Traces that show it, of those looked at. */
  readonly affected: number;
  readonly of: number;
  /** The same of healthy traces; `healthyOf` is 0 where there are none to compare with. */
  readonly healthyAffected: number;
  readonly healthyOf: number;
  /** Median time of a request that it takes (of clocks: how far they are apart); undefined where it takes none or none can be told. */
  readonly costNs?: number;
  /** Whether it sets the failing requests apart: far more of them have it than healthy ones. */
  readonly explains: boolean;
  readonly traces: readonly { readonly traceId: TraceId; readonly spanId: SpanId }[];
}

/** What is looked at: the requests in question, and healthy ones of the same kind where there are any. */
export interface PatternTraces {
  readonly bad: readonly TraceView[];
  readonly healthy: readonly TraceView[];
}

/** One trace that shows a pattern, at one place. */
export interface Sighting {
  readonly view: TraceView;
  /** The span to look at. */
  readonly span: Span;
  readonly service: string;
  readonly operation: string;
  readonly peer?: string;
  /** What else tells one place from another: a statement, a pair of hosts. */
  readonly what?: string;
  /** Calls, tries, messages. */
  readonly count?: number;
  readonly costNs?: number;
  /** What is usual for the cost. */
  readonly usualNs?: number;
}

/** Sightings of one pattern at one place. */
export interface PatternGroup {
  readonly sample: Sighting;
  /** Medians over the sightings in the requests in question. */
  readonly count: number;
  readonly costNs: number;
}

/** One pattern: pure, and told only of traces. */
export interface PatternDetector {
  readonly kind: PatternKind;
  /** `itself`: trouble wherever it is seen. `change`: trouble only where healthy requests have less of it. */
  readonly judged: 'itself' | 'change';
  sightings(traces: PatternTraces): readonly Sighting[];
  inWords(group: PatternGroup): string;
}
