import type { SliceDelta } from '../budget/minute-series.js';
import type { SliceRule } from '../budget/slice-index.js';
import { DAY_MS } from '../lib/duration.js';
import { decodeDocument } from '../lib/document-json.js';
import type { Incident } from '../incident/incident.js';
import type { TrackedSignature } from '../signature/tracked-signature.js';
import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { alertQuality } from './alert-quality.js';
import type { DuckdbTraceReads } from './duckdb-trace-reads.js';
import type { ReportWindow } from './quality-reader.js';
import { budgetStretches, isJudgedByMinutes, keysOf, minuteAttainment, minutesWindow, sumAttainment, type CountsByKey, type ObjectiveAttainment, type TimeCounts } from './objective-attainment.js';
import type { NewSignature, QualitySurroundings } from './quality-surroundings.js';
import { traceAccess } from './trace-access.js';
import { troublesOf } from './troubles.js';

const ATTAINMENT = loadSql(import.meta.url, 'read-attainment.sql');
const MINUTES = loadSql(import.meta.url, 'read-judged-minutes.sql');
const INCIDENTS = loadSql(import.meta.url, 'read-incidents-of-time.sql');
const FOUR_WEEKS_MS = 28 * DAY_MS;
const SIGNATURES_SHOWN = 10;
/** SLOs whose minutes are read one by one, some 43,000 of a month each; more of them are left out. */
const MOST_BY_MINUTES = 100;

export interface SurroundingsPorts {
  readonly database: Pick<Database, 'query'>;
  readonly slos: () => readonly SliceRule[];
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
    const incidents = rows.map((row) => decodeDocument<Incident>(String(row['document'])));
    return {
      alerts: alertQuality(incidents, window), troubles: troublesOf(incidents, window), objectives: await this.#objectives(window), newSignatures: newSignatures(signatures(), window),
      access: traceAccess(await reads.read(window), await reads.read({ fromMs: window.fromMs - FOUR_WEEKS_MS, toMs: window.fromMs })),
    };
  }

  async #objectives(window: ReportWindow): Promise<ObjectiveAttainment[]> {
    const rules = this.#ports.slos();
    const known = new Map<string, CountsByKey>();
    const counts = async (of: ReportWindow): Promise<CountsByKey> => {
      const key = `${of.fromMs} ${of.toMs}`;
      const read = known.get(key) ?? (await this.#counts(of));
      known.set(key, read);
      return read;
    };
    const own = await counts(window);
    const ever = await counts({ fromMs: 0, toMs: window.toMs });
    const byMinutes = new Set(rules.filter(isJudgedByMinutes).slice(0, MOST_BY_MINUTES));
    const objectives: ObjectiveAttainment[] = [];
    for (const rule of rules) {
      if (byMinutes.has(rule)) objectives.push(minuteAttainment(rule, window, await this.#minutes(rule, window)));
      else if (!isJudgedByMinutes(rule)) {
        const stretches: TimeCounts['stretches'][number][] = [];
        for (const stretch of budgetStretches(rule.slo, window)) stretches.push({ ...stretch, ownCounts: await counts(stretch.own), wholeCounts: await counts(stretch.whole) });
        objectives.push(...sumAttainment(rule, { own, ever, stretches }));
      }
    }
    return objectives;
  }

  async #minutes(rule: SliceRule, window: ReportWindow): Promise<(SliceDelta & { readonly sliceKey: string })[]> {
    const { fromMs, toMs } = minutesWindow(rule, window);
    const rows = await this.#ports.database.query({ sql: MINUTES, params: { slice_keys: keysOf(rule).join('\n'), from_ms: fromMs, to_ms: toMs } });
    return rows.map((row) => ({
      sliceKey: String(row['slice_key']), eventMinute: Number(row['event_minute']), good: Number(row['good']), bad: Number(row['bad']),
      goodSquared: Number(row['good_squared']), badSquared: Number(row['bad_squared']), events: Number(row['events']), unknownWeight: Number(row['unknown_weight']),
    }));
  }

  async #counts({ fromMs, toMs }: ReportWindow): Promise<CountsByKey> {
    const rows = await this.#ports.database.query({ sql: ATTAINMENT, params: { from_ms: fromMs, to_ms: toMs } });
    const minute = (value: unknown): number | undefined => (value === null || value === undefined ? undefined : Number(value));
    return new Map(rows.map((row) => [String(row['slice_key']), { good: Number(row['good']), bad: Number(row['bad']), firstMinute: minute(row['first_minute']), lastMinute: minute(row['last_minute']) }]));
  }
}

/** Signatures first seen in the time; last those that came while Tocsin learned what is there. */
export function newSignatures(all: readonly TrackedSignature[], { fromMs, toMs }: ReportWindow): NewSignature[] {
  return all.filter(({ firstSeenMs }) => firstSeenMs >= fromMs && firstSeenMs < toMs).sort((left, right) => Number(left.wasThere) - Number(right.wasThere) || right.total - left.total).slice(0, SIGNATURES_SHOWN)
    .map(({ id, type, message, service, operation, firstSeenMs, wasThere, total, firstTraceId }) => ({ id, type, message, service, operation, firstSeenMs, isMaybeOlder: wasThere, failures: total, traceId: firstTraceId }));
}
