import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { openDatabase } from '../../src/store/duckdb-database.js';
import { requests, sendTraces, spanIdOf, traceIdOf, tracesJson } from '../support/otlp-json.js';
import { disposeServices, newGround, startServiceProcess, type Ground } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 120_000 });

const BATCH = 200;
const SENDERS = 4;

interface Sent {
  /** First span of a batch → its bytes. */
  readonly acknowledged: Map<number, string>;
  readonly unanswered: Map<number, string>;
}

/** Sends batches one after another until the service is gone; a batch is named by its first span. */
async function sendUntilGone(otlpHttp: string, batches: () => number, sent: Sent): Promise<void> {
  for (;;) {
    const first = batches();
    const body = tracesJson(requests(first, BATCH));
    sent.unanswered.set(first, body);
    try {
      const answer = await sendTraces(otlpHttp, body);
      if (answer.status === 200) {
        sent.acknowledged.set(first, body);
        sent.unanswered.delete(first);
      }
      await answer.arrayBuffer();
    } catch {
      return;
    }
  }
}

/** How often each span is stored, from the file of a service that has ended. */
async function storedSpans({ dataDir }: Ground): Promise<Map<string, number>> {
  const database = await openDatabase(join(dataDir, 'tocsin.duckdb'));
  try {
    const rows = await database.query({ sql: 'SELECT trace_id_low, span_id, count(*) AS times FROM spans GROUP BY ALL' });
    return new Map(rows.map((row) => [(row['span_id'] as bigint).toString(16).padStart(16, '0'), Number(row['times'])]));
  } finally {
    await database.close();
  }
}

async function sloTotal(ground: Ground): Promise<number> {
  const database = await openDatabase(join(ground.dataDir, 'tocsin.duckdb'));
  try {
    const [row] = await database.query({ sql: 'SELECT coalesce(sum(good + bad), 0) AS total FROM slo_slices' });
    return Number(row?.['total']);
  } finally {
    await database.close();
  }
}

describe('kill -9 in the middle of ingest', () => {
  test('loses nothing that was acknowledged and stores nothing twice, also when senders try again', async () => {
    const ground = newGround();
    const sent: Sent = { acknowledged: new Map(), unanswered: new Map() };
    let next = 1;
    const batches = (): number => {
      const first = next;
      next += BATCH;
      return first;
    };
    for (const acknowledgedBeforeKill of [4, 8, 12]) {
      const service = startServiceProcess({ ground });
      const { otlpHttp } = await service.ready;
      // Exporters send again, byte for byte, what was not answered: it may or may not have reached the disk. What was answered comes
      // again too: to the sender an answer that got lost is none.
      for (const [first, body] of [...sent.unanswered, ...sent.acknowledged]) {
        expect((await sendTraces(otlpHttp, body)).status).toBe(200);
        sent.acknowledged.set(first, body);
        sent.unanswered.delete(first);
      }
      const senders = Array.from({ length: SENDERS }, () => sendUntilGone(otlpHttp, batches, sent));
      const target = sent.acknowledged.size + acknowledgedBeforeKill;
      while (sent.acknowledged.size < target) await new Promise((resolve) => setImmediate(resolve));
      await service.kill();
      await Promise.all(senders);
      expect(sent.unanswered.size).toBeGreaterThan(0);
    }

    const last = startServiceProcess({ ground });
    const { http } = await last.ready;
    for (const first of sent.acknowledged.keys()) {
      const answer = await fetch(`${http}/api/v1/traces/${traceIdOf(first)}`);
      expect(answer.status).toBe(200);
      await answer.arrayBuffer();
    }
    expect((await last.stop()).code).toBe(0);

    const stored = await storedSpans(ground);
    const missing = [...sent.acknowledged.keys()].flatMap((first) => Array.from({ length: BATCH }, (_, index) => spanIdOf(first + index))).filter((spanId) => !stored.has(spanId));
    expect(missing).toEqual([]);
    expect([...stored].filter(([, times]) => times > 1)).toEqual([]);
    // Slices were committed with their spans.
    expect(await sloTotal(ground)).toBe(stored.size);
  });
});
