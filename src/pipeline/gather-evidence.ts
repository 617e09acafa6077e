import { budgetBurned, leadingBudget } from '../budget/error-budget.js';
import type { SloStatus } from '../budget/slo-status.js';
import type { EventTrace } from '../diagnosis/finding.js';
import type { Evidence } from '../diagnosis/evidence.js';
import { chooseEvidence } from '../diagnosis/representatives.js';
import type { CompiledSlo } from '../sli/compile-slo.js';
import { evenly } from '../lib/evenly.js';
import type { Span } from '../trace/span.js';
import { criteriaOf, type EvidenceReader, type SampledEvent } from './evidence-reader.js';

/** Bad events looked at for one page; more say the same again and cost time while it waits. */
export const BAD_SAMPLE = 120;
/** Healthy events beside them. */
export const GOOD_SAMPLE = 60;
/** Spans looked at for one page, of its failures and as many of the healthy: choosing takes some 25 µs of CPU each, and the page waits for it. */
export const SPANS_LOOKED_AT = 30_000;
/** Fewer events prove nothing, however long their traces are. */
const LEAST_EVENTS = 12;

/**
 * The proof for a page, from the traces that really made the budget burn: the bad events of the firing tier's long window,
 * and healthy ones near them in time.
 */
export async function gatherEvidence(reader: EvidenceReader, compiled: CompiledSlo, status: SloStatus): Promise<Evidence | undefined> {
  const longMs = status.firing?.tier.longMs;
  if (longMs === undefined) return undefined;
  const window = { criteria: criteriaOf(compiled), fromMs: status.atMs - longMs, toMs: status.atMs + CLOCK_SLACK_MS };
  const bad = await reader.badEvents({ ...window, limit: BAD_SAMPLE });
  if (bad.rows.length === 0) return undefined;
  const good = await reader.goodEvents({ ...window, limit: GOOD_SAMPLE, near: bad.rows });
  return chooseEvidence({
    badTraces: await readTraces(reader, bad.rows),
    healthyTraces: await readTraces(reader, good.rows),
    badEvents: bad.count,
    ...burnedIn(status, compiled.slo.windowMs),
    nowMs: status.atMs,
    slo: compiled.slo,
  });
}

function burnedIn(status: SloStatus, windowMs: number): { readonly burned?: number } {
  const { firing } = status;
  if (firing?.long.burnRate === undefined) return {};
  return { burned: budgetBurned({ burnRate: firing.long.burnRate, overMs: firing.tier.longMs }, windowMs, leadingBudget(status)) };
}

/** A span's clock may run ahead of ours; its event must not fall out of the window for that. */
export const CLOCK_SLACK_MS = 60_000;

/** Each event with the weight of all that it stands for. Of traces that have more spans together than are looked at, an even choice, which stands for the rest. */
export async function readTraces(reader: EvidenceReader, events: readonly Pick<SampledEvent, 'traceId' | 'spanId' | 'standsFor'>[]): Promise<EventTrace[]> {
  const traceIds = [...new Set(events.map((event) => event.traceId))];
  const [traces, logs] = [await reader.tracesOf(traceIds), await reader.logsOf(traceIds)];
  const read = events.flatMap((event) => {
    const spans = traces.get(event.traceId);
    return spans === undefined ? [] : [{ spans: weighed(spans, event), badSpanId: event.spanId, logs: logs.get(event.traceId) ?? [] }];
  });
  return withinSpans(read);
}

function withinSpans(traces: readonly EventTrace[]): EventTrace[] {
  const spans = traces.reduce((sum, trace) => sum + trace.spans.length, 0);
  const kept = evenly(traces, Math.max(LEAST_EVENTS, Math.floor((traces.length * SPANS_LOOKED_AT) / Math.max(1, spans))));
  return kept.map((trace) => ({ ...trace, spans: weighed(trace.spans, { spanId: trace.badSpanId, standsFor: traces.length / kept.length }) }));
}

function weighed(spans: readonly Span[], { spanId, standsFor = 1 }: Pick<SampledEvent, 'spanId' | 'standsFor'>): readonly Span[] {
  return standsFor === 1 ? spans : spans.map((span) => (span.spanId === spanId ? { ...span, weight: span.weight * standsFor } : span));
}
