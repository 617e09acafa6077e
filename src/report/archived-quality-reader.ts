import { HOUR_MS } from '../lib/duration.js';
import { hoursOf, type DuckdbQualityArchive } from './duckdb-quality-archive.js';
import { FactTable, type QualityFact } from './quality-fact.js';
import type { CountedRequests, LedgerOfReport, QualityReader, ReportWindow } from './quality-reader.js';

/** Hours whose facts are stored come from there; what is left of the time is computed from its spans. */
export class ArchivedQualityReader implements QualityReader {
  readonly #live: QualityReader;
  readonly #archive: Pick<DuckdbQualityArchive, 'hours' | 'facts'>;

  constructor(live: QualityReader, archive: Pick<DuckdbQualityArchive, 'hours' | 'facts'>) {
    this.#live = live;
    this.#archive = archive;
  }

  async facts(window: ReportWindow): Promise<QualityFact[]> {
    const stored = await this.#archive.hours(window);
    const table = new FactTable();
    for (const part of partsOf(window, stored)) table.add(await (part.isStored ? this.#archive : this.#live).facts(part));
    return table.all;
  }

  ledger(window: ReportWindow): Promise<LedgerOfReport[]> {
    return this.#live.ledger(window);
  }

  counted(window: ReportWindow): Promise<CountedRequests[]> {
    return this.#live.counted(window);
  }
}

/** The time cut where stored and other hours meet. */
export function partsOf(window: ReportWindow, stored: ReadonlySet<number>): (ReportWindow & { readonly isStored: boolean })[] {
  const parts: { fromMs: number; toMs: number; isStored: boolean }[] = [];
  const add = (fromMs: number, toMs: number, isStored: boolean): void => {
    if (fromMs >= toMs) return;
    const last = parts.at(-1);
    if (last?.isStored === isStored) last.toMs = toMs;
    else parts.push({ fromMs, toMs, isStored });
  };
  let atMs = window.fromMs;
  for (const hour of hoursOf(window).filter((each) => stored.has(each))) {
    add(atMs, hour, false);
    add(hour, hour + HOUR_MS, true);
    atMs = hour + HOUR_MS;
  }
  add(atMs, window.toMs, false);
  return parts;
}
