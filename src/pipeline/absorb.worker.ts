import { parentPort, workerData } from 'node:worker_threads';
import { assert, unreachable } from '../lib/assert.js';
import { systemClock } from '../lib/system-clock.js';
import { DatabaseUnavailableError } from '../store/database-error.js';
import { buffersOf, type SloSliceColumns } from '../store/slo-slice-columns.js';
import type { StoreCall, StoreReply, StoreRequest, StoreSettings } from './store-messages.js';
import { openStore, type SystemStore } from './system-store.js';

/**
 * The one thread that opens the database: it decodes, redacts, measures, appends, commits, and runs everyone's queries. The main thread keeps
 * sockets, pages and the tick, and stays responsive while DuckDB's appends block this one.
 */
const port = parentPort;
assert(port !== null, 'absorb.worker runs in a worker thread');
const settings = workerData as StoreSettings;

function send(reply: StoreReply, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(reply, transfer);
}

function run(store: SystemStore, call: StoreCall): Promise<unknown> {
  switch (call.kind) {
    case 'absorb': return store.absorb(call.request);
    case 'query': return store.query(call.statement);
    case 'transaction': return store.transaction(call.statements);
    case 'rules': return store.useRules(call.rules);
    case 'journeys': return store.judgeJourneys();
    case 'slo-slices': return store.loadSloSlices(call.sinceMinute);
    case 'stats': return store.stats();
    case 'hygiene': return store.hygiene();
    case 'close': return store.close();
    default: return unreachable(call);
  }
}

async function answer(store: SystemStore, { id, call }: StoreRequest): Promise<void> {
  try {
    const value = await run(store, call);
    send({ kind: 'answer', id, value }, call.kind === 'slo-slices' ? buffersOf(value as SloSliceColumns) : []);
  } catch (error) {
    send({ kind: 'failed', id, message: error instanceof Error ? error.message : String(error) });
  }
  // Nothing keeps the thread alive after this: it ends by itself. Terminating it while DuckDB works would abort the process.
  if (call.kind === 'close') port?.close();
}

try {
  const store = await openStore({
    dataDir: settings.dataDir,
    clock: systemClock,
    slos: settings.slos,
    redaction: settings.redaction,
    events: { onCommit: (news) => send({ kind: 'committed', news }) },
    database: settings.checkpointBytes === undefined ? {} : { checkpointBytes: settings.checkpointBytes },
  });
  port.on('message', (message: StoreRequest) => void answer(store, message));
  send({ kind: 'ready' });
} catch (error) {
  if (!(error instanceof DatabaseUnavailableError)) throw error;
  send({ kind: 'unavailable', reason: error.reason, message: error.message });
}
