import type { Slo } from '../config/slo.js';
import { budgetLedger } from '../diagnosis/budget-ledger.js';
import { examine } from '../diagnosis/representatives.js';
import type { Clock } from '../lib/clock.js';
import { MINUTE_MS } from '../lib/duration.js';
import { compileSlo } from '../sli/compile-slo.js';
import { NOTHING_CHARGED, type ChargeReader, type Charges } from './charge-reader.js';
import { criteriaOf, type EventWindow, type EvidenceReader } from './evidence-reader.js';
import { BAD_SAMPLE, GOOD_SAMPLE, readTraces } from './gather-evidence.js';

/** Pages refresh themselves every few seconds; reading traces for each would be felt by all others. */
const FRESH_MS = MINUTE_MS;
/** SLOs and ranges whose answers are kept. */
const KEPT = 100;

interface Kept {
  readonly atMs: number;
  readonly charges: Promise<Charges>;
}

/** Reads a sample of the bad events' traces, as a page does, and keeps each answer for a minute. */
export class MemoryCharges implements ChargeReader {
  readonly #reader: EvidenceReader;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(reader: EvidenceReader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  charges(slo: Slo, window: EventWindow): Promise<Charges> {
    const nowMs = this.#clock.nowMs();
    // The range of a page moves on with each of its refreshes.
    const key = JSON.stringify([slo.name, window.toMs - window.fromMs, Math.round((nowMs - window.toMs) / FRESH_MS)]);
    const known = this.#kept.get(key);
    if (known !== undefined && nowMs - known.atMs < FRESH_MS) return known.charges;
    const charges = this.#read(slo, window);
    this.#kept.delete(key);
    this.#kept.set(key, { atMs: nowMs, charges });
    charges.catch(() => this.#kept.delete(key));
    if (this.#kept.size > KEPT) this.#kept.delete([...this.#kept.keys()][0]!);
    return charges;
  }

  async #read(slo: Slo, window: EventWindow): Promise<Charges> {
    const compiled = compileSlo(slo);
    if (!compiled.ok) return NOTHING_CHARGED;
    const query = { criteria: criteriaOf(compiled.value), ...window };
    const bad = await this.#reader.badEvents({ ...query, limit: BAD_SAMPLE });
    if (bad.rows.length === 0) return NOTHING_CHARGED;
    const good = await this.#reader.goodEvents({ ...query, limit: GOOD_SAMPLE, near: bad.rows });
    const findings = examine(await readTraces(this.#reader, bad.rows), await readTraces(this.#reader, good.rows));
    return { rows: budgetLedger(findings, undefined, slo.indicator.groupBy?.map(({ text }) => text)), badEvents: bad.count, examined: findings.length };
  }
}
