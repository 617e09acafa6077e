import { describe } from 'vitest';
import { openDatabase } from '../store/duckdb-database.js';
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
