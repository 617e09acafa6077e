import { describe } from 'vitest';
import { DuckdbIncidentReader } from '../incident/duckdb-incident-reader.js';
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
});
