import { describe } from 'vitest';
import { MemorySpanSink } from './memory-span-sink.js';
import { spanSinkContract } from './span-sink.contract.js';

describe('the memory span sink', () => {
  spanSinkContract(() => {
    const sink = new MemorySpanSink();
    return Promise.resolve({
      sink,
      breakCommits: () => { sink.failure = new Error('No space left on device'); },
      repair: () => { sink.failure = undefined; },
      spanNames: () => Promise.resolve(sink.exports.flatMap((stored) => [...(stored.spans?.names ?? [])])),
      ledger: () => Promise.resolve(sink.ledger),
      sloSlices: () => Promise.resolve({ live: sink.liveSloSlices, imported: sink.importedSloSlices }),
      redSlices: () => Promise.resolve(sink.redSlices),
    });
  });
});
