import { describe, expect, test } from 'vitest';
import { IngestCounters, SENDERS_COUNTED } from './ingest-counters.js';

const stored = { kind: 'stored', admitted: 5, rejected: 2, deduplicated: 1, message: '' } as const;

describe('counters of the way in', () => {
  test('the ledger of a sender is hot, rejected and deduplicated; what was not stored is not in it', () => {
    const counters = new IngestCounters();
    const pay = { who: '10.0.0.7', service: 'pay' };
    counters.contentsOfSender(pay, stored);
    counters.contentsOfSender(pay, stored);
    counters.contentsOfSender(pay, { kind: 'busy', retryAfterMs: 1, message: 'full' });
    const labels = { sender: '10.0.0.7', service: 'pay' };
    expect(counters.senderItems()).toEqual([
      { labels: { ...labels, result: 'hot' }, value: 10 }, { labels: { ...labels, result: 'rejected' }, value: 4 }, { labels: { ...labels, result: 'deduplicated' }, value: 2 },
    ]);
  });

  test('senders beyond the limit are counted together, requests and contents alike', () => {
    const counters = new IngestCounters();
    for (let index = 0; index < SENDERS_COUNTED + 3; index += 1) {
      const sender = { who: `10.0.0.${index}`, service: 'pay' };
      counters.sender(sender, 'stored');
      counters.contentsOfSender(sender, stored);
    }
    expect(counters.senders()).toHaveLength(SENDERS_COUNTED + 1);
    expect(counters.senders()).toContainEqual({ labels: { sender: 'other', service: '', outcome: 'stored' }, value: 3 });
    expect(counters.senderItems()).toContainEqual({ labels: { sender: 'other', service: '', result: 'hot' }, value: 15 });
    expect(counters.limits()).toEqual([{ labels: { limit: 'senders-counted' }, value: 3 }]);
  });
});
