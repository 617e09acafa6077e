import { NO_REDACTION } from '../../src/ingest/redact-compile.js';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryIncidentTable } from '../../src/incident/memory-incident-table.js';
import type { ExportOutcome } from '../../src/ingest/absorber.js';
import type { Clock } from '../../src/lib/clock.js';
import { DuckdbOutbox } from '../../src/notify/duckdb-outbox.js';
import { MemoryOutbox } from '../../src/notify/memory-outbox.js';
import type { Outbox } from '../../src/notify/outbox.js';
import { DuckdbEvaluationStore } from '../../src/pipeline/duckdb-evaluation-store.js';
import { DuckdbEvidenceReader } from '../../src/pipeline/duckdb-evidence-reader.js';
import type { CommittedSlices } from '../../src/pipeline/engine.js';
import type { EvaluationStore } from '../../src/pipeline/evaluation-store.js';
import type { EvidenceReader } from '../../src/pipeline/evidence-reader.js';
import { MemoryEvaluationStore } from '../../src/pipeline/memory-evaluation-store.js';
import type { ArrivedSlice } from '../../src/pipeline/replay.js';
import { openStore, type SystemStore } from '../../src/pipeline/system-store.js';
import type { CompiledSlo } from '../../src/sli/compile-slo.js';
import { createMeasurer, type Measurer } from '../../src/sli/measurer.js';
import type { SloSlice } from '../../src/sli/slice.js';
import { compactSlices } from '../../src/store/duckdb-maintenance.js';
import { DuckdbUptime } from '../../src/store/duckdb-uptime.js';
import { groupSloSlices } from '../../src/store/group-slices.js';
import { sloMinutes, type SloMinute } from '../../src/store/slo-slice-columns.js';
import { batchOf, otlpJson, type Shipment } from './timeline-traffic.js';

export interface BootOptions {
  readonly slos: readonly CompiledSlo[];
  readonly clock: Clock;
  readonly onCommit: (news: CommittedSlices) => void;
}

/** What a process finds on its machine when it starts. */
export interface Booted {
  readonly evaluation: EvaluationStore;
  readonly outbox: Outbox;
  /** Undefined where no spans are kept. */
  readonly evidence: EvidenceReader | undefined;
  absorb(shipment: Shipment): Promise<ExportOutcome>;
  /** Resolves with what was counted from stored spans. */
  useRules(slos: readonly CompiledSlo[]): Promise<readonly ArrivedSlice[]>;
  loadSlices(sinceMinute: number): Promise<Iterable<SloMinute>>;
  loadUptime(sinceMinute: number): Promise<Iterable<number>>;
  /** Once a minute. */
  maintain(nowMs: number): Promise<void>;
}

/** Where the data outlives the process. */
export interface Machine {
  boot(options: BootOptions): Promise<Booted>;
  /** The process died: only what was durable is left. */
  crash(): Promise<void>;
  /** The process ended in good order. */
  shutDown(): Promise<void>;
  close(): Promise<void>;
}

/** Keeps slices, incidents and deliveries in this process: for long runs. */
export class MemoryMachine implements Machine {
  readonly #incidents = new MemoryIncidentTable();
  readonly #outbox = new MemoryOutbox();
  readonly #evaluation = new MemoryEvaluationStore(this.#incidents, this.#outbox);
  readonly #slices: SloSlice[] = [];
  readonly #uptime = new Set<number>();

  boot({ slos, clock, onCommit }: BootOptions): Promise<Booted> {
    let measurer: Measurer = createMeasurer(slos);
    return Promise.resolve({
      evaluation: this.#evaluation,
      outbox: this.#outbox,
      evidence: undefined,
      absorb: (shipment) => Promise.resolve(this.#absorb(shipment, { measurer, receivedAtMs: clock.nowMs(), onCommit })),
      useRules: (next) => {
        measurer = createMeasurer(next);
        return Promise.resolve([]);
      },
      loadSlices: (sinceMinute) => Promise.resolve(this.#slices.filter(({ eventMinute }) => eventMinute >= sinceMinute)),
      loadUptime: (sinceMinute) => Promise.resolve([...this.#uptime].filter((minute) => minute >= sinceMinute)),
      maintain: (nowMs) => Promise.resolve(void this.#uptime.add(Math.floor(nowMs / 60_000))),
    });
  }

  crash(): Promise<void> {
    return Promise.resolve();
  }

  shutDown(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #absorb(shipment: Shipment, at: { readonly measurer: Measurer; readonly receivedAtMs: number; readonly onCommit: BootOptions['onCommit'] }): ExportOutcome {
    const { receivedAtMs } = at;
    const batch = batchOf(shipment);
    const { sloSlices, redSlices } = at.measurer.measure(batch, Math.floor(receivedAtMs / 60_000));
    const { protocol = 'http' } = shipment;
    const { live } = groupSloSlices([{ digest: '', signal: 'traces', protocol, receivedAtMs, rejected: 0, deduplicated: 0, message: '', spans: batch, sloSlices, redSlices }]);
    this.#slices.push(...live);
    at.onCommit({ sloSlices: live, oldestReceivedAtMs: receivedAtMs });
    return { kind: 'stored', admitted: batch.count, rejected: 0, deduplicated: 0, message: '' };
  }
}

/** A DuckDB file in a directory of its own. A crash leaves a copy of the file and its log as they were at that moment. */
export class DuckdbMachine implements Machine {
  readonly #root = mkdtempSync(join(tmpdir(), 'tocsin-story-'));
  #generation = 0;
  #store: SystemStore | undefined;

  async boot({ slos, clock, onCommit }: BootOptions): Promise<Booted> {
    const store = await openStore({ dataDir: this.#directory(), clock, slos, events: { onCommit }, group: { maxWaitMs: 0, maxRows: 1 }, database: { threads: 1 } });
    this.#store = store;
    const uptime = new DuckdbUptime(store);
    let compactedTo = 0;
    return {
      evaluation: new DuckdbEvaluationStore(store),
      outbox: new DuckdbOutbox(store),
      evidence: new DuckdbEvidenceReader(store),
      absorb: (shipment) => store.absorb({ signal: 'traces', encoding: 'json', protocol: shipment.protocol ?? 'http', body: otlpJson(shipment), receivedAtMs: clock.nowMs() }),
      useRules: (next) => store.useRules({ slos: next, redaction: NO_REDACTION }),
      loadSlices: async (sinceMinute) => sloMinutes(await store.loadSloSlices(sinceMinute)),
      loadUptime: (sinceMinute) => uptime.load(sinceMinute),
      maintain: async (nowMs) => {
        const minute = Math.floor(nowMs / 60_000);
        await uptime.record(minute);
        if (minute % 10 === 0) compactedTo = await compactSlices(store, compactedTo, nowMs);
      },
    };
  }

  async crash(): Promise<void> {
    const before = this.#directory();
    this.#generation += 1;
    // Copied while the dead process still holds the original: nothing of its shutdown is in the copy.
    cpSync(before, this.#directory(), { recursive: true });
    await this.#store?.close();
    rmSync(before, { recursive: true });
  }

  async shutDown(): Promise<void> {
    await this.#store?.close();
  }

  async close(): Promise<void> {
    await this.#store?.close();
    rmSync(this.#root, { recursive: true, force: true });
  }

  #directory(): string {
    return join(this.#root, String(this.#generation));
  }
}
