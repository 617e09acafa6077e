import type { LogLine } from '../diagnosis/culprit/traffic.js';
import type { SpanId, TraceId } from '../lib/ids.js';
import { compileSlo, countedTotal, type CompiledSlo } from '../sli/compile-slo.js';
import type { Span } from '../trace/span.js';
import { compileToSql, type SqlCondition } from '../trace/traceql/sql.js';

/** Which events an SLO counts. Exactly one of `bad` and `good` is set, as in its indicator. Parameter names of the two conditions differ. */
export interface EventCriteria {
  readonly total: SqlCondition;
  readonly bad?: SqlCondition;
  readonly good?: SqlCondition;
}

type Counted = Pick<CompiledSlo, 'total' | 'part' | 'excludes' | 'journey' | 'sliceKey' | 'parts'>;

export function criteriaOf(compiled: Counted): EventCriteria {
  if (compiled.parts === undefined) return criteriaOfOne(compiled, '');
  const parts = compiled.parts.flatMap(({ slo }, index) => {
    const part = compileSlo(slo);
    return part.ok ? [criteriaOfOne(part.value, `p${index}_`)] : [];
  });
  const params = Object.assign({}, ...parts.flatMap(({ total, bad, good }) => [total.params, bad?.params, good?.params])) as SqlCondition['params'];
  const isBad = ({ bad, good }: EventCriteria): string => (bad === undefined ? `(${good?.where ?? 'TRUE'}) IS NOT TRUE` : `(${bad.where}) IS TRUE`);
  return {
    total: { where: parts.map(({ total }) => `((${total.where}) IS TRUE)`).join(' OR '), params },
    bad: { where: parts.map((part) => `((${part.total.where}) IS TRUE AND ${isBad(part)})`).join(' OR '), params: {} },
  };
}

function criteriaOfOne(compiled: Counted, prefix: string): EventCriteria {
  const total = withoutTimed(compileToSql(countedTotal(compiled), `${prefix}total`), compiled, prefix);
  if (compiled.journey !== undefined) return { total, bad: judgedBad(compiled.sliceKey, `${prefix}journey_key`) };
  const part = compileToSql(compiled.part.query, `${prefix}part`);
  return { total, ...(compiled.part.polarity === 'bad' ? { bad: part } : { good: part }) };
}

/** Exclusions from one moment to another, by the end of the span: TraceQL has no words for that. */
function withoutTimed(total: SqlCondition, { excludes = [] }: Counted, prefix: string): SqlCondition {
  return excludes.filter(({ fromMs, toMs }) => fromMs !== undefined || toMs !== undefined).reduce(({ where, params }, { query, fromMs, toMs }, index) => {
    const match = compileToSql(query, `${prefix}timed${index}_`);
    const limits = [...(fromMs === undefined ? [] : [`s.end_ms >= ${Math.round(fromMs)}`]), ...(toMs === undefined ? [] : [`s.end_ms < ${Math.round(toMs)}`])].join(' AND ');
    return { where: `((${where}) AND NOT coalesce((${match.where}) AND ${limits}, FALSE))`, params: { ...params, ...match.params } };
  }, total);
}

/** Whole traces are judged when they are there: what was found is stored. */
function judgedBad(sliceKey: string, param: string): SqlCondition {
  return {
    where: `EXISTS (SELECT 1 FROM journeys j WHERE j.slo_key = $${param} AND j.bad AND j.trace_id_high = s.trace_id_high AND j.trace_id_low = s.trace_id_low AND j.span_id = s.span_id)`,
    params: { [param]: sliceKey },
  };
}

/** Event time (end of the span), Unix milliseconds, `fromMs` inclusive and `toMs` exclusive. */
export interface EventWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** One stored event, enough to choose from; `EvidenceReader.tracesOf` reads the chosen ones whole. */
export interface SampledEvent {
  readonly traceId: TraceId;
  readonly spanId: SpanId;
  readonly startNs: bigint;
  readonly durationNs: number;
  /** For how many events of the window; absent: for itself. */
  readonly standsFor?: number;
}

export interface EventSample {
  /** All events of the kind in the window, as stored (unweighted). */
  readonly count: number;
  /** Oldest first. At most `limit`; always with some of the first, the newest and the slowest, the rest spread evenly: shares are right only by `standsFor`. */
  readonly rows: readonly SampledEvent[];
}

export interface BadEventQuery extends EventWindow {
  readonly criteria: EventCriteria;
  readonly limit: number;
}

export interface GoodEventQuery extends BadEventQuery {
  /** Events whose healthy twins are wanted: good events nearest to them in time come first. At most NEAR_LIMIT are looked at. */
  readonly near: readonly SampledEvent[];
}

export const NEAR_LIMIT = 5;
/** Spans read per trace when evidence is taken; what a page opens is bounded elsewhere. */
export const EVIDENCE_SPANS_PER_TRACE = 2_000;
/** Log records read per trace: more of one request say nothing new. */
export const EVIDENCE_LOGS_PER_TRACE = 200;
/** Traces read in one call: more are not looked at. */
export const EVIDENCE_TRACES = 200;

/** Port of the tick towards stored traces. The same question on the same data has the same answer: evidence must be reproducible. */
export interface EvidenceReader {
  badEvents(query: BadEventQuery): Promise<EventSample>;
  goodEvents(query: GoodEventQuery): Promise<EventSample>;
  /** Spans of the traces by trace id, each oldest first; ids that are not stored are absent. */
  tracesOf(traceIds: readonly TraceId[]): Promise<ReadonlyMap<TraceId, readonly Span[]>>;
  /** Log records of the traces by trace id, each oldest first; traces without are absent. */
  logsOf(traceIds: readonly TraceId[]): Promise<ReadonlyMap<TraceId, readonly LogLine[]>>;
}
