import { describe, expect, test } from 'vitest';
import { DuckdbIncidentReader } from '../incident/duckdb-incident-reader.js';
import { sampleIncident } from '../incident/sample-incident.js';
import { DuckdbOutbox } from '../notify/duckdb-outbox.js';
import { openDatabase } from '../store/duckdb-database.js';
import { DuckdbEvaluationStore } from './duckdb-evaluation-store.js';
import { evaluationStoreContract } from './evaluation-store.contract.js';

describe('DuckdbEvaluationStore', () => {
  evaluationStoreContract(async () => {
    const database = await openDatabase(':memory:');
    return {
      store: new DuckdbEvaluationStore(database), incidents: new DuckdbIncidentReader(database), outbox: new DuckdbOutbox(database),
      close: () => database.close(),
    };
  });

  test('the traces that prove a page are pinned in the transaction that saves it', async () => {
    const database = await openDatabase(':memory:');
    const incident = sampleIncident();
    await new DuckdbEvaluationStore(database).save({ incidents: [incident], deliveries: [] });
    await new DuckdbEvaluationStore(database).save({ incidents: [incident], deliveries: [] });
    const pinned = await database.query({ sql: 'SELECT incident_id, right(format(\'{:x}\', trace_id_low), 1) AS digit FROM pinned_traces ORDER BY digit' });
    // The first of the most common kind (b) is named beside it.
    expect(pinned.map((row) => [row['incident_id'], row['digit']])).toEqual(['a', 'b', 'c', 'd'].map((digit) => [incident.id, digit]));
    await database.close();
  });
});
