import { expect, test } from 'vitest';
import { sampleIncident } from '../incident/sample-incident.js';
import type { AlertId, DeliveryId } from '../lib/ids.js';
import { DuckdbEvaluationStore } from './duckdb-evaluation-store.js';
import { openDatabase } from '../store/duckdb-database.js';
import { deliveryInWords } from '../notify/decision-reader.js';
import { DuckdbDecisionReader } from '../notify/duckdb-decision-reader.js';
import { DuckdbOutbox } from '../notify/duckdb-outbox.js';
import type { Decision } from '../notify/notification-group.js';
import { sampleDelivery } from '../notify/sample-delivery.js';

test('decisions come back in their order, each with what became of its message', async () => {
  const database = await openDatabase(':memory:');
  const incident = sampleIncident();
  const delivery = { ...sampleDelivery('opened'), id: 'dlv-1' as DeliveryId, attempts: 0 };
  const decision = (outcome: Decision['outcome'], changes: Partial<Decision> = {}): Decision => ({
    atMs: 5, incidentId: incident.id, alertId: 'a' as AlertId, groupKey: '{}:{}', route: 'route', receiver: 'shop', integration: 'slack[0]', outcome, reason: `it's "${outcome}"`, deliveryId: undefined, ...changes,
  });
  const outbox = new DuckdbOutbox(database);
  await new DuckdbEvaluationStore(database).save({ incidents: [incident], deliveries: [delivery], decisions: [decision('waits', { integration: '' }), decision('sent', { deliveryId: delivery.id })] });
  const words = async (): Promise<(string | undefined)[]> => (await new DuckdbDecisionReader(database).ofIncident(incident.id)).map((record) => `${record.outcome} ${record.reason}: ${deliveryInWords(record) ?? 'nothing to send'}`);
  expect(await words()).toEqual(['waits it\'s "waits": nothing to send', 'sent it\'s "sent": not sent yet']);
  const [claimed] = await outbox.claim({ nowMs: delivery.notBeforeMs, leaseMs: 60_000, perIntegration: 1, limit: 1 });
  await outbox.settle({ claimed: claimed!, status: 'pending', atMs: 6, notBeforeMs: 7, lastError: 'HTTP 503', ambiguous: false, receipt: undefined });
  expect((await words())[1]).toBe('sent it\'s "sent": not delivered yet after 1 attempt (HTTP 503)');
  await outbox.settle({ claimed: (await outbox.claim({ nowMs: delivery.notBeforeMs, leaseMs: 60_000, perIntegration: 1, limit: 1 }))[0]!, status: 'delivered', atMs: 8, notBeforeMs: 8, lastError: undefined, ambiguous: false, receipt: {} });
  expect((await words())[1]).toBe('sent it\'s "sent": delivered after 2 attempts');
  await database.close();
});
