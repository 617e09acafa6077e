import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, test } from 'vitest';
import { sampleIncident } from '../incident/sample-incident.js';
import { encodeDocument } from '../lib/document-json.js';
import type { IncidentId } from '../lib/ids.js';
import { openDatabase } from '../store/duckdb-database.js';
import { migrate, readMigrations } from '../store/duckdb-migrations.js';
import { DuckdbOutbox, enqueueStatement } from './duckdb-outbox.js';
import { outboxContract } from './outbox.contract.js';

describe('DuckdbOutbox', () => {
  outboxContract(async () => {
    const database = await openDatabase(':memory:');
    return {
      outbox: new DuckdbOutbox(database), enqueue: (deliveries) => database.transaction(deliveries.map(enqueueStatement)), close: () => database.close(),
    };
  });
});

test('messages and receipts of an older file are taken over', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tocsin-outbox-'));
  try {
    const path = join(directory, 'tocsin.duckdb');
    const instance = await DuckDBInstance.create(path);
    const connection = await instance.connect();
    await migrate(connection, readMigrations().filter(({ number }) => number < 6));
    const document = encodeDocument({ transition: { kind: 'resolved', incident: sampleIncident({ id: 'a' as IncidentId }), atMs: 1 }, group: { key: '{}:{}', labels: {} } });
    await connection.run(`INSERT INTO deliveries (delivery_id, incident_id, receiver, integration, kind, status, attempts, created_at_ms, not_before_ms, ambiguous, document) VALUES ('d', 'a', 'shop', 'slack[0]', 'resolved', 'pending', 0, 1, 1, false, $document)`, { document });
    await connection.run(`INSERT INTO receipts VALUES ('a', 'shop', 'slack[0]', '{"ts":"1"}', 1)`);
    connection.closeSync();
    instance.closeSync();
    const database = await openDatabase(path);
    const [claimed] = await new DuckdbOutbox(database).claim({ nowMs: 2, leaseMs: 1, perIntegration: 1, limit: 1 });
    expect(claimed).toMatchObject({ previousReceipt: { ts: '1' }, delivery: { id: 'd', conversation: 'a', group: { key: '{}:{}', alerts: [{ status: 'firing' }], truncated: 0 } } });
    await database.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});
