import { isIntrinsic, type AttributeScope } from '../trace/traceql/ast.js';
import type { AttributeValue } from '../trace/attribute.js';
import type { Span } from '../trace/span.js';
import type { MetricsExemplar, MetricsSeries, SeriesLabel } from './metrics-series.js';
import type { MetricsResult } from './metrics-reader.js';
import { anyValue, resourceSpansJson } from './otlp-json.js';
import { tracesDataBytes } from './otlp-protobuf.js';
import { concatBytes, lengthDelimited, varintField } from '../ingest/wire-writer.js';
import { TAG_SCOPES, type TagScope, type TagValue } from './tag-reader.js';
import type { FoundSpanset, FoundTrace, StoredTrace } from './trace-reader.js';

/** The answers of Tempo's HTTP API, by the shapes that Grafana reads (tempopb). 64-bit numbers are strings, as protobuf's JSON has them. */
export function tempoSearchJson(traces: readonly FoundTrace[]): unknown {
  return { traces: traces.map(foundTraceJson), metrics: { inspectedTraces: traces.length, inspectedBytes: '0', completedJobs: 1, totalJobs: 1 } };
}

function foundTraceJson(trace: FoundTrace): unknown {
  const spanSets = trace.spansets.map(spansetJson);
  return {
    traceID: trace.traceId,
    rootServiceName: trace.rootMissing ? '<root span not yet received>' : trace.rootService,
    rootTraceName: trace.rootMissing ? '' : trace.rootName,
    startTimeUnixNano: trace.startNs.toString(),
    durationMs: Math.round(trace.durationNs / 1e6),
    spanSet: spanSets[0],
    spanSets,
    serviceStats: trace.serviceStats,
  };
}

function spansetJson({ groups, matched, spans }: FoundSpanset): unknown {
  return {
    spans: spans.map((span) => ({
      spanID: span.spanId, name: span.name, startTimeUnixNano: span.startNs.toString(), durationNanos: span.durationNs.toString(),
      attributes: span.attributes.map(({ key, value }) => ({ key: shownKey(key), value: anyValue(value) })),
    })),
    matched,
    ...(groups.length === 0 ? {} : { attributes: groups.map(({ key, value }) => ({ key, value: value === null ? { stringValue: 'nil' } : anyValue(value) })) }),
  };
}

/** Tempo shows attributes without their scope. */
function shownKey(key: string): string {
  return isIntrinsic(key) ? key : key.replace(/^(?:parent)?\.?(?:span|resource|event|link|instrumentation)?\./, '').replace(/^"(.*)"$/s, '$1');
}

/** `TraceByIDResponse`: the trace, and whether it is whole. */
export function traceByIdBytes({ spans, truncated }: StoredTrace): Uint8Array {
  return concatBytes([lengthDelimited(1, tracesDataBytes(spans)), ...(truncated ? [varintField(3, 1), lengthDelimited(4, Buffer.from(TRUNCATED))] : [])]);
}

export function traceByIdJson({ spans, truncated }: StoredTrace): unknown {
  return { trace: { resourceSpans: resourceSpansJson(spans, 'protobuf') }, metrics: {}, ...(truncated ? { status: 'PARTIAL', message: TRUNCATED } : {}) };
}

const TRUNCATED = 'the trace has more spans than are shown';

/** Of the older endpoint: the bare trace. */
export function traceJsonV1(spans: readonly Span[]): unknown {
  return { batches: resourceSpansJson(spans, 'protobuf') };
}

/** What every span has, as Tempo lists it. */
const INTRINSIC_TAGS = ['duration', 'event:name', 'event:timeSinceStart', 'instrumentation:name', 'instrumentation:version', 'kind', 'name', 'rootName', 'rootServiceName', 'span:childCount', 'status', 'statusMessage', 'trace:duration', 'trace:rootName', 'trace:rootService', 'traceDuration'];

export function tagNamesV2(names: Readonly<Record<TagScope, readonly string[]>>, scope: string | undefined): unknown {
  const asked = (candidate: AttributeScope | 'intrinsic'): boolean => scope === undefined || scope === '' || scope === 'none' || scope === candidate;
  const scopes = TAG_SCOPES.filter((one) => asked(one)).map((name) => ({ name, tags: names[name] })).filter(({ tags }) => tags.length > 0);
  return { scopes: [...scopes, ...(asked('intrinsic') ? [{ name: 'intrinsic', tags: INTRINSIC_TAGS }] : [])], metrics: {} };
}

export function tagNamesV1(names: Readonly<Record<TagScope, readonly string[]>>, scope: string | undefined): unknown {
  const of = TAG_SCOPES.filter((one) => scope === undefined || scope === '' || scope === 'none' || scope === one).flatMap((one) => names[one]);
  const intrinsics = scope === 'intrinsic' ? INTRINSIC_TAGS : [];
  return { tagNames: [...new Set([...of, ...intrinsics])].sort(), metrics: {} };
}

export function tagValuesV2(values: readonly TagValue[]): unknown {
  return { tagValues: values, metrics: {} };
}

export function tagValuesV1(values: readonly TagValue[]): unknown {
  return { tagValues: [...new Set(values.map(({ value }) => value))], metrics: {} };
}

export function metricsRangeJson({ series, timestampsMs }: MetricsResult): unknown {
  return { series: series.map((one) => seriesJson(one, timestampsMs)), metrics: { inspectedTraces: 0, inspectedBytes: '0', completedJobs: 1, totalJobs: 1 } };
}

/** Points without a value are left out: JSON has no NaN. */
function seriesJson({ labels, values, exemplars }: MetricsSeries, timestampsMs: readonly number[]): unknown {
  const samples = values.flatMap((value, index) => (Number.isFinite(value) ? [{ timestampMs: String(timestampsMs[index] ?? 0), value }] : []));
  return { labels: labels.map(labelJson), samples, ...(exemplars.length === 0 ? {} : { exemplars: exemplars.map(exemplarJson) }) };
}

function exemplarJson({ labels, value, timestampMs }: MetricsExemplar): unknown {
  return { labels: labels.map(labelJson), ...(Number.isFinite(value) ? { value } : {}), timestampMs: String(timestampMs) };
}

/** Nothing but these members: Grafana refuses an instant answer that has others. */
export function metricsInstantJson({ series }: MetricsResult): unknown {
  return { series: series.flatMap(({ labels, values }) => (Number.isFinite(values[0]) ? [{ labels: labels.map(labelJson), value: values[0] }] : [])) };
}

function labelJson({ key, value }: SeriesLabel): unknown {
  return { key, value: labelValue(key, value) };
}

/** Buckets and quantiles are floats even where they are whole. */
function labelValue(key: string, value: AttributeValue): unknown {
  return (key === '__bucket' || key === 'p') && typeof value === 'number' ? { doubleValue: value } : anyValue(value);
}
