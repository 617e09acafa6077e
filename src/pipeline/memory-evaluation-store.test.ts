import { describe } from 'vitest';
import { MemoryIncidentTable } from '../incident/memory-incident-table.js';
import { MemoryOutbox } from '../notify/memory-outbox.js';
import { evaluationStoreContract } from './evaluation-store.contract.js';
import { MemoryEvaluationStore } from './memory-evaluation-store.js';

describe('MemoryEvaluationStore', () => {
  evaluationStoreContract(async () => {
    const incidents = new MemoryIncidentTable();
    const outbox = new MemoryOutbox();
    return { store: new MemoryEvaluationStore(incidents, outbox), incidents, outbox, close: async () => undefined };
  });
});
