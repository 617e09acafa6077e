import { HOUR_MS } from '../../lib/duration.js';
import type { MetricRow, PrometheusMetrics } from '../../pipeline/prometheus-metrics.js';
import type { ArchiveSignal } from '../../store/archive/archive-catalogue.js';
import type { StorageFigures } from '../../pipeline/storage-watch.js';

/** The archive, what sampling made of the spans, and the room on disk, on /metrics. */
export function addStorageMetrics(metrics: PrometheusMetrics, figures: () => StorageFigures | undefined): void {
  const ofSignal = (signal: ArchiveSignal): MetricRow[] => (figures()?.byReason ?? []).flatMap((figure) => (figure.signal === signal ? [{ labels: { reason: figure.reason }, value: figure.rows }] : []));
  const one = (value: (known: StorageFigures) => number | undefined): MetricRow[] => {
    const known = figures();
    const measured = known === undefined ? undefined : value(known);
    return measured === undefined ? [] : [{ labels: {}, value: measured }];
  };
  metrics.addSource({ name: 'tocsin_archive_spans', help: 'Spans in the archive, by why their traces were kept.', type: 'gauge', labelNames: ['reason'], collect: () => ofSignal('spans') });
  metrics.addSource({ name: 'tocsin_archive_log_records', help: 'Log records in the archive, by why they are kept.', type: 'gauge', labelNames: ['reason'], collect: () => ofSignal('logs') });
  metrics.addSource({
    name: 'tocsin_archive_bytes', help: 'Bytes of the archive, by signal (spans, logs) and why they are kept.', type: 'gauge', labelNames: ['signal', 'reason'],
    collect: () => (figures()?.byReason ?? []).map(({ signal, reason, bytes }) => ({ labels: { signal, reason }, value: bytes })),
  });
  metrics.addSource({ name: 'tocsin_archive_files', help: 'Files of the archive.', type: 'gauge', labelNames: [], collect: () => one(({ files }) => files) });
  metrics.addSource({ name: 'tocsin_archive_oldest_timestamp_seconds', help: 'Beginning of the oldest hour in the archive.', type: 'gauge', labelNames: [], collect: () => one(({ oldestHour }) => (oldestHour === undefined ? undefined : (oldestHour * HOUR_MS) / 1_000)) });
  metrics.addSource({
    name: 'tocsin_sampling_spans_total', help: 'Spans that left the database, by what became of them.', type: 'counter', labelNames: ['outcome'],
    collect: () => [...one(({ kept }) => kept).map(({ value }) => ({ labels: { outcome: 'kept' }, value })), ...one(({ sampledOut }) => sampledOut).map(({ value }) => ({ labels: { outcome: 'sampled_out' }, value }))],
  });
  metrics.addSource({ name: 'tocsin_disk_free_bytes', help: 'Room on the disk that Tocsin writes to, of several the one with the least.', type: 'gauge', labelNames: [], collect: () => one(({ freeBytes }) => freeBytes) });
}
