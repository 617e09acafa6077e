import type { IngestCounters } from '../../ingest/ingest-counters.js';
import type { Clock } from '../../lib/clock.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../lib/duration.js';
import { LAG_BOUNDS_MS, type ServiceIngest } from '../../pipeline/service-tally.js';
import type { StoreClient } from '../../pipeline/system-store-client.js';
import { DuckdbLedgerReader } from '../../query/duckdb-ledger-reader.js';
import { quantileBound, shareBeyond, type IngestReader, type IngestReport, type Named, type SenderReport, type ServiceArrivals } from '../../query/ingest-report.js';

const MAX_ROWS = 50;

/** The way in as the page and the API show it: the ledger from the store, everything else as it is counted. */
export function ingestReader(parts: { readonly store: StoreClient; readonly counters: IngestCounters; readonly clock: Clock }): IngestReader {
  const ledger = new DuckdbLedgerReader(parts.store);
  return {
    async ingest(): Promise<IngestReport> {
      const { store, counters, clock } = parts;
      const [stats, lastHour, lastDay] = await Promise.all([store.stats(), ledger.since(clock.nowMs() - HOUR_MS), ledger.since(clock.nowMs() - DAY_MS)]);
      const { commits, tookMs } = stats.commits;
      return {
        lastHour, lastDay, senders: sendersOf(counters), services: stats.services.map(arrivalsOf).sort((left, right) => right.spans - left.spans).slice(0, MAX_ROWS),
        rejected: named(stats.rejectedByReason), limits: named(limitsOf(counters, stats.limitsHit)),
        redactions: stats.redactions.filter(({ count }) => count > 0).map(({ policy, rule, mode, count }) => ({ name: `${policy}/${rule}: ${mode}`, count })),
        oldNames: named(stats.hygiene.oldNames), clockFaults: stats.hygiene.future + stats.hygiene.ancient,
        waitingBytes: store.pendingBytes, commits, meanCommitMs: commits === 0 ? undefined : tookMs / commits,
      };
    },
  };
}

/** Busiest first. */
function sendersOf(counters: IngestCounters): SenderReport[] {
  const bySender = new Map<string, Map<string, number>>();
  const names = new Map<string, { readonly sender: string; readonly service: string }>();
  for (const { labels, value } of counters.senders()) {
    const { sender = '', service = '', outcome = '' } = labels;
    const key = JSON.stringify([sender, service]);
    names.set(key, { sender, service });
    const outcomes = bySender.get(key) ?? new Map<string, number>();
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + value);
    bySender.set(key, outcomes);
  }
  const items = itemsBySender(counters);
  return [...bySender].map(([key, outcomes]) => ({ ...senderReport(names.get(key)!, outcomes), items: { ...NOTHING, ...items.get(key) } })).sort((left, right) => requests(right) - requests(left)).slice(0, MAX_ROWS);
}

const NOTHING: SenderReport['items'] = { hot: 0, rejected: 0, deduplicated: 0 };

function itemsBySender(counters: IngestCounters): Map<string, Partial<SenderReport['items']>> {
  const items = new Map<string, Partial<SenderReport['items']>>();
  for (const { labels, value } of counters.senderItems()) {
    const key = JSON.stringify([labels['sender'] ?? '', labels['service'] ?? '']);
    items.set(key, { ...items.get(key), [labels['result'] ?? '']: value });
  }
  return items;
}

function senderReport(who: { readonly sender: string; readonly service: string }, outcomes: ReadonlyMap<string, number>): Omit<SenderReport, 'items'> {
  const { stored = 0, resent = 0, busy = 0, ...others } = Object.fromEntries(outcomes);
  return { ...who, stored, resent, busy, failed: Object.values(others).reduce((sum, count) => sum + count, 0) };
}

const requests = ({ stored, busy, failed }: Pick<SenderReport, 'stored' | 'busy' | 'failed'>): number => stored + busy + failed;

function arrivalsOf({ service, spans, dropped, lag }: ServiceIngest): ServiceArrivals {
  return {
    service, spans, dropped,
    lagP50Ms: quantileBound(lag, LAG_BOUNDS_MS, 0.5), lagP99Ms: quantileBound(lag, LAG_BOUNDS_MS, 0.99),
    lateShare: shareBeyond(lag, LAG_BOUNDS_MS, MINUTE_MS), historyShare: shareBeyond(lag, LAG_BOUNDS_MS, HOUR_MS),
  };
}

function limitsOf(counters: IngestCounters, decoding: Readonly<Record<string, number>>): Record<string, number> {
  return { ...decoding, ...Object.fromEntries(counters.limits().map(({ labels, value }) => [labels['limit'] ?? '', value])) };
}

function named(counts: Readonly<Record<string, number>>): Named[] {
  return Object.entries(counts).map(([name, count]) => ({ name, count })).sort((left, right) => right.count - left.count).slice(0, MAX_ROWS);
}
