import type { QualityAudit } from './quality-audit.js';

/** An audit as the API gives it: instants as ISO 8601, what is not known as null. */
export function qualityAuditView({ period: { kind, name, window: asked }, window, generatedAtMs, spans, month, quarter }: QualityAudit) {
  return {
    version: 1 as const, kind, period: name, from: iso(window.fromMs), to: iso(window.toMs), asked: { from: iso(asked.fromMs), to: iso(asked.toMs) }, generatedAt: iso(generatedAtMs), spans,
    month: month === undefined ? null : {
      ...month, spansBefore: month.spansBefore ?? null, cost: month.cost ?? null, forecast: month.forecast ?? null, spenders: month.spenders.map((each) => ({ ...each, attributeBytes: each.attributeBytes ?? null, cost: each.cost ?? null })),
      stored: { hotSpans: month.stored.hotSpans, archivedSpans: month.stored.archivedSpans, archivedBytes: month.stored.archivedBytes, oldestHot: instantOf(month.stored.oldestHotMs), oldestArchived: instantOf(month.stored.oldestArchivedMs) },
    },
    quarter: quarter === undefined ? null : {
      ...quarter, coverage: quarter.coverage ?? null, services: quarter.services.map((each) => ({ ...each, owner: each.owner ?? null, score: each.score ?? null, category: each.category ?? null, logCorrelation: each.logCorrelation ?? null })),
    },
  };
}

export type QualityAuditView = ReturnType<typeof qualityAuditView>;

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}

function instantOf(atMs: number | undefined): string | null {
  return atMs === undefined ? null : iso(atMs);
}
