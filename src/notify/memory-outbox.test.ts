import { describe } from 'vitest';
import { MemoryOutbox } from './memory-outbox.js';
import { outboxContract } from './outbox.contract.js';

describe('MemoryOutbox', () => {
  outboxContract(async () => {
    const outbox = new MemoryOutbox();
    return { outbox, enqueue: async (deliveries) => { outbox.enqueue(deliveries); }, close: async () => undefined };
  });
});
