import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DEFAULT_OTLP_SENDER_SHARE } from '../config/settings.js';
import { DIGEST_RETENTION_MS, MAX_DIGESTS } from '../store/digest-index.js';
import { REMEMBERED_SPANS } from '../store/span-index.js';
import { noRoom } from './export-answer.js';
import { REQUEST_BYTES } from './intake.js';
import { RECEIVER_LIMITS } from './receiver.js';

const docs = readFileSync(fileURLToPath(new URL('../../docs/ingest.md', import.meta.url)), 'utf8');

describe('docs/ingest.md', () => {
  test('states the limits as they are', () => {
    const { bodyBytes, bytesInFlight, connections, streamsPerConnection, requestTimeoutMs, idleConnectionMs, idleTimeoutMs, retryAfterMs } = RECEIVER_LIMITS;
    const rows = [
      `| one request, before and after decompression | ${bodyBytes / 2 ** 20} MiB |`,
      `| ${bytesInFlight / 2 ** 20} MiB, each with ${REQUEST_BYTES / 1_024} KiB on top of its body |`,
      `| connections of each port | ${connections} |`,
      `| ${streamsPerConnection}; further ones wait at the sender |`,
      `| ${requestTimeoutMs / 1_000} s | |`,
      `| ${idleConnectionMs / 1_000} s, then it is closed`,
      `| an idle HTTP connection | ${idleTimeoutMs / 1_000} s |`,
      `\`RetryInfo\` ${retryAfterMs / 1_000} s`,
      `${DEFAULT_OTLP_SENDER_SHARE * 100}% by default`,
      `within ${DIGEST_RETENTION_MS === 3_600_000 ? 'an hour' : '?'} and among the last ${MAX_DIGESTS.toLocaleString('en')} requests`,
      `the last ${(REMEMBERED_SPANS / 1e6).toFixed(1)} to ${((2 * REMEMBERED_SPANS) / 1e6).toFixed(1)} million | 1 to 2 hours`,
    ];
    for (const row of rows) expect(docs).toContain(row);
  });

  test('names every shortage by its metric', () => {
    for (const shortage of ['bytes-in-flight', 'sender-share', 'service-share'] as const) {
      expect(docs).toContain(`| \`${shortage}\` |`);
      expect(noRoom(shortage, 1).message).toMatch(/send again later$/);
    }
  });

  test('has a Collector configuration whose parts all exist', () => {
    const config = parse(/^```yaml collector\.yaml\n(.*?)^```$/ms.exec(docs)?.[1] ?? '') as Record<string, Record<string, unknown>> & { service: { extensions: string[]; pipelines: Record<string, Record<string, string[]>> } };
    for (const extension of config.service.extensions) expect(Object.keys(config['extensions']!)).toContain(extension);
    for (const pipeline of Object.values(config.service.pipelines)) {
      for (const [kind, names] of Object.entries(pipeline)) for (const name of names) expect(Object.keys(config[kind]!)).toContain(name);
    }
    const exporter = config['exporters']!['otlp/tocsin'] as { sending_queue: { storage: string }; retry_on_failure: { max_elapsed_time: string } };
    expect([exporter.sending_queue.storage, exporter.retry_on_failure.max_elapsed_time]).toEqual(['file_storage/queue', '0s']);
  });
});
