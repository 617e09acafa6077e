import type { Slo } from '../config/slo.js';
import { DAY_MS } from '../lib/duration.js';
import { decodeDocument } from '../lib/document-json.js';
import type { Incident } from '../incident/incident.js';
import type { TrackedSignature } from '../signature/tracked-signature.js';
import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { alertQuality } from './alert-quality.js';
import type { DuckdbTraceReads } from './duckdb-trace-reads.js';
import type { ReportWindow } from './quality-reader.js';
import type { NewSignature, ObjectiveAttainment, QualitySurroundings } from './quality-surroundings.js';
import { traceAccess } from './trace-access.js';

const ATTAINMENT = loadSql(import.meta.url, 'read-attainment.sql');
const INCIDENTS = loadSql(import.meta.url, 'read-incidents-of-time.sql');
const FOUR_WEEKS_MS = 28 * DAY_MS;
const SIGNATURES_SHOWN = 10;

/** An SLO as it is counted. */
export interface CountedSlo {
  readonly slo: Slo;
  readonly sliceKey: string;
}

export interface SurroundingsPorts {
  readonly database: Pick<Database, 'query'>;
  readonly slos: () => readonly CountedSlo[];
  readonly signatures: () => readonly TrackedSignature[];
  readonly reads: Pick<DuckdbTraceReads, 'read'>;
}

/** Alerts, SLOs, errors and readers of the time of a report. */
export class DuckdbQualitySurroundings {
  readonly #ports: SurroundingsPorts;

  constructor(ports: SurroundingsPorts) {
    this.#ports = ports;
  }

  async of(window: ReportWindow): Promise<QualitySurroundings> {
    const { database, signatures, reads } = this.#ports;
    const rows = await database.query({ sql: INCIDENTS, params: { from_ms: window.fromMs, to_ms: window.toMs } });
    return {
      alerts: alertQuality(rows.map((row) => decodeDocument<Incident>(String(row['document']))), window), objectives: await this.#objectives(window), newSignatures: newSignatures(signatures(), window),
      access: traceAccess(await reads.read(window), await reads.read({ fromMs: window.fromMs - FOUR_WEEKS_MS, toMs: window.fromMs })),
    };
  }

  /** SLOs whose events are counted one by one; slices of time and composites have no events of their own. */
  async #objectives(window: ReportWindow): Promise<ObjectiveAttainment[]> {
    const slos = this.#ports.slos().filter(({ slo }) => slo.method === undefined && slo.composite === undefined && slo.partOf === undefined);
    const own = await this.#counts(window);
    const ofWindow = new Map<number, ReadonlyMap<string, EventCount>>();
    for (const { slo: { windowMs } } of slos) if (!ofWindow.has(windowMs)) ofWindow.set(windowMs, await this.#counts({ fromMs: window.toMs - windowMs, toMs: window.toMs }));
    return slos.map(({ slo, sliceKey }) => attainmentOf(slo, own.get(sliceKey) ?? NONE, ofWindow.get(slo.windowMs)?.get(sliceKey) ?? NONE));
  }

  async #counts({ fromMs, toMs }: ReportWindow): Promise<ReadonlyMap<string, EventCount>> {
    const rows = await this.#ports.database.query({ sql: ATTAINMENT, params: { from_ms: fromMs, to_ms: toMs } });
    return new Map(rows.map((row) => [String(row['slice_key']), { good: Number(row['good']), bad: Number(row['bad']) }]));
  }
}

interface EventCount {
  readonly good: number;
  readonly bad: number;
}

const NONE: EventCount = { good: 0, bad: 0 };

function attainmentOf(slo: Slo, own: EventCount, ofWindow: EventCount): ObjectiveAttainment {
  const { name, displayName, service, owner, target } = slo;
  const events = own.good + own.bad;
  const allowed = (ofWindow.good + ofWindow.bad) * (1 - target);
  return { slo: name, displayName, service, owner, target, events, attained: events > 0 ? own.good / events : undefined, budgetSpent: allowed > 0 ? own.bad / allowed : undefined };
}

function newSignatures(all: readonly TrackedSignature[], { fromMs, toMs }: ReportWindow): NewSignature[] {
  return all.filter(({ wasThere, firstSeenMs }) => !wasThere && firstSeenMs >= fromMs && firstSeenMs < toMs).sort((left, right) => right.total - left.total).slice(0, SIGNATURES_SHOWN)
    .map(({ id, type, message, service, operation, firstSeenMs, total, firstTraceId }) => ({ id, type, message, service, operation, firstSeenMs, failures: total, traceId: firstTraceId }));
}
