import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { Statement } from '../store/database.js';
import type { ArchiveCatalogue, ArchiveSignal, CataloguedFile, ReadableFile } from '../store/archive/archive-catalogue.js';
import { settleArchivePlace } from '../store/archive/archive-place.js';
import type { ArchiveStorage } from '../store/archive/archive-storage.js';
import type { Arrived, DuckdbArchive } from '../store/archive/duckdb-archive.js';
import { keepWithEarlierParts, noteLongReturningTraces, returningTraces } from '../store/archive/duckdb-long-traces.js';
import type { ArchiveGeneration } from '../store/archive/duckdb-known-files.js';
import type { DuckdbLogArchive } from '../store/archive/duckdb-log-archive.js';
import { leaveLogs } from './archive-logs.js';
import { publishFile } from './archive-publish.js';
import { planRewrites, type RetentionLimits, type Rewrite } from './archive-rewrites.js';
import { roundBoundary } from './archive-rounds.js';
import { Failures } from './failures.js';
import { hotRetentionFor } from './hot-retention.js';

/** Decides which of the gathered traces are kept, into `leaving_kept`; gives back what else the transaction that lets them go has to write. */
export type KeepLeaving = (leaving: { readonly nowMs: number; readonly beforeMs: number; readonly sinceMs: number }) => Promise<readonly Statement[]>;

export interface ArchiverOptions {
  readonly archive: DuckdbArchive;
  readonly logs: DuckdbLogArchive;
  readonly storage: ArchiveStorage;
  readonly generation: ArchiveGeneration;
  /** Of the storage (archive-place.ts): where this database's archive is not, nothing is written or removed. Undefined: it is right as it is. */
  readonly name?: string;
  readonly hotRetentionMs: number;
  /** On the disk of the database; left out where spans leave by their age alone. */
  readonly freeBytes?: () => number;
  readonly keep: KeepLeaving;
  readonly limits: () => RetentionLimits;
  /** Between what leaves and what is tidied up, so that nothing moves meanwhile. */
  readonly eraser?: { run(nowMs: number): Promise<void>; finish(nowMs: number): Promise<void>; isAsked(): Promise<boolean> };
}

/** Spans that leave in one go, as many as are sorted in one (duckdb-sorted-file.ts). */
const SPANS_AT_ONCE = 100_000;
/** Rounds in one run, so that one that has much to catch up with lets others work: at a run every ten minutes, 50,000 spans a second. */
const ROUNDS_AT_ONCE = 300;
/** A trace that had a span so long after the boundary is under way and leaves with a later round. */
const QUIET_MS = 10 * MINUTE_MS;
/** No statement reads a file for longer than this after another one took its place. */
const RETIRED_FOR_MS = 10 * MINUTE_MS;
/** Files that are rewritten in one run at most. */
const REWRITES_AT_ONCE = 50;

/**
 * Moves traces and log records from the hot store into the archive and keeps the archive in order. Whatever is interrupted leaves the catalogue as it was:
 * a file belongs to the archive with the very transaction that deletes its spans from the hot tables, and files that the catalogue does not
 * know are removed at the next start.
 */
export class Archiver {
  readonly #options: ArchiverOptions;
  #settled = false;
  #recovered = false;
  #stopping = false;

  constructor(options: ArchiverOptions) {
    this.#options = options;
  }

  /**
   * Room is made first, so that what comes after has some. A step that fails is tried again by the next run and keeps no other from running.
   * @throws what failed; an AggregateError where it was more than one thing.
   */
  async run(nowMs: number): Promise<void> {
    const { archive, eraser } = this.#options;
    await this.#settle();
    const failures = new Failures();
    if (!this.#recovered) this.#recovered = await failures.of(() => this.#recover());
    await this.#removeRetired(nowMs, failures);
    await failures.of(() => this.#tidy(nowMs, failures));
    await failures.of(() => this.#changing(archive.noteLongTraces()));
    await failures.of(() => this.#rounds(() => this.#leave(nowMs)));
    await failures.of(() => this.#rounds(() => this.#leaveLogs(nowMs)));
    if (!this.#stopping) await failures.of(() => eraser?.run(nowMs));
    await failures.of(() => eraser?.finish(nowMs));
    // What failed may have left files that belong to nothing.
    if (failures.any) this.#recovered = false;
    failures.throwAll();
  }

  /** Where the archive is elsewhere, nothing can be right. */
  async #settle(): Promise<void> {
    const { archive, storage, name } = this.#options;
    if (this.#settled || name === undefined) return;
    const problem = await settleArchivePlace(archive.database, { name, storage });
    if (problem !== undefined) throw new Error(problem);
    this.#settled = true;
  }

  async #rounds(next: () => Promise<boolean>): Promise<void> {
    for (let round = 0; round < ROUNDS_AT_ONCE && !this.#stopping && await next(); round += 1);
  }

  /** Whether somebody waits for something to be erased. */
  isAsked(): Promise<boolean> {
    return this.#options.eraser?.isAsked() ?? Promise.resolve(false);
  }

  /** Whatever is under way is finished, and nothing new begun. */
  stop(): void {
    this.#stopping = true;
  }

  /** What is not in the catalogue goes: nothing reads it, and nothing but this archiver writes. */
  async #recover(): Promise<void> {
    const { archive, storage } = this.#options;
    await storage.clearStage();
    const known = new Set([...(await this.#files()).map(({ path }) => path), ...await archive.retired(Number.MAX_SAFE_INTEGER)]);
    for (const path of await storage.list()) if (!known.has(path)) await storage.remove(path);
  }

  /** One round; whether there is more. */
  async #leave(nowMs: number): Promise<boolean> {
    const { archive, storage, keep } = this.#options;
    const hotRetentionMs = this.#hotRetentionMs();
    const untilMs = nowMs - hotRetentionMs;
    const leftMs = await archive.leftBeforeMs();
    // Of a clock that was ahead and was set back: what came since is older than that and would wait until the clock is there again.
    const sinceMs = leftMs > nowMs ? 0 : leftMs;
    const beforeMs = await this.#boundary(sinceMs, untilMs);
    if (beforeMs <= sinceMs) return false;
    await archive.gather({ beforeMs, quietMs: QUIET_MS, overdueMs: beforeMs - Math.max(hotRetentionMs, QUIET_MS) });
    const returning = await returningTraces(archive.database, storage);
    const more = [...noteLongReturningTraces(returning), ...await keep({ nowMs, beforeMs, sinceMs })];
    await archive.database.transaction(keepWithEarlierParts(returning));
    const files = await this.#writeKept(beforeMs, nowMs);
    await this.#changing(archive.leave(files, { beforeMs, more }));
    return beforeMs < untilMs;
  }

  /** Whole minutes, as many as fit; of a minute in which more came than fit, a part. */
  async #boundary(sinceMs: number, untilMs: number): Promise<number> {
    const { archive } = this.#options;
    const minutes = await archive.hotMinutes(sinceMs, untilMs);
    const [first] = minutes;
    if (first === undefined || first.spans <= SPANS_AT_ONCE) return roundBoundary(minutes.map(shareOf), untilMs);
    const endMs = Math.min(untilMs, first.atMs + MINUTE_MS);
    return roundBoundary((await archive.hotMoments(Math.max(sinceMs, first.atMs), endMs)).map(shareOf), endMs);
  }

  #leaveLogs(nowMs: number): Promise<boolean> {
    return this.#changing(leaveLogs(this.#options, { nowMs, untilMs: nowMs - this.#hotRetentionMs() }));
  }

  #hotRetentionMs(): number {
    const { hotRetentionMs, freeBytes, limits } = this.#options;
    return hotRetentionFor(hotRetentionMs, { freeBytes: freeBytes?.(), minFreeBytes: limits().minFreeBytes });
  }

  async #writeKept(beforeMs: number, nowMs: number): Promise<readonly ReadableFile[]> {
    const { archive } = this.#options;
    const files: ReadableFile[] = [];
    for (const hour of await archive.keptHours()) {
      files.push(await publishFile(this.#options.storage, { signal: 'spans', hour, nowMs }, (file) => archive.writeHour(hour, { beforeMs, file })));
    }
    const written = files.reduce((sum, { file }) => sum + file.rows, 0);
    const kept = await archive.keptSpans();
    if (written !== kept) throw new Error(`the archive's files have ${written} spans instead of ${kept}: nothing was taken out of the hot store`);
    return files;
  }

  /** Merges the files of hours that are over, and drops what its retention is over for. */
  async #tidy(nowMs: number, failures: Failures): Promise<void> {
    const { archive, limits, hotRetentionMs } = this.#options;
    const closedBeforeHour = Math.floor((nowMs - hotRetentionMs - 2 * QUIET_MS) / HOUR_MS);
    const groups = (await Promise.all(this.#catalogues().map((catalogue) => catalogue.groups()))).flat();
    const rewrites = planRewrites({ files: await this.#files(), groups }, { nowMs, closedBeforeHour, limits: limits(), freeBytes: await this.#freeBytes() });
    for (const rewrite of rewrites.slice(0, REWRITES_AT_ONCE)) {
      if (this.#stopping) return;
      await failures.of(() => this.#rewrite(rewrite, nowMs));
    }
    if (rewrites.length <= REWRITES_AT_ONCE && !this.#stopping) await archive.sortTraces(closedBeforeHour);
  }

  /** With the room that is on its way, so that it is not made twice. */
  async #freeBytes(): Promise<number | undefined> {
    const { archive, storage } = this.#options;
    const freeBytes = await storage.freeBytes();
    return freeBytes === undefined ? undefined : freeBytes + await archive.retiredBytes();
  }

  async #rewrite(rewrite: Rewrite, nowMs: number): Promise<void> {
    const { files, isEmpty } = rewrite;
    const by = isEmpty ? undefined : await this.#rewritten(rewrite, nowMs);
    await this.#changing(this.#ofSignal(signalOf(files)).catalogue.replace(files, { by, nowMs }));
  }

  /** A change that failed may have reached the disk all the same: who reads the archive looks anew in any case. */
  #changing<T>(change: Promise<T>): Promise<T> {
    return change.finally(() => { this.#options.generation.current += 1; });
  }

  async #rewritten({ files, dropped, rows }: Rewrite, nowMs: number): Promise<ReadableFile> {
    const { storage } = this.#options;
    const sources = await storage.local(files);
    const signal = signalOf(files);
    const written = await publishFile(storage, { signal, hour: files[0]?.hour ?? 0, nowMs }, (file) => this.#ofSignal(signal).rewrite(sources, dropped, file));
    if (written.file.rows !== rows) throw new Error(`${written.file.path} has ${written.file.rows} rows instead of ${rows}: the files it was made of stay`);
    return written;
  }

  #ofSignal(signal: ArchiveSignal): DuckdbArchive | DuckdbLogArchive {
    return signal === 'logs' ? this.#options.logs : this.#options.archive;
  }

  #catalogues(): readonly ArchiveCatalogue[] {
    return [this.#options.archive.catalogue, this.#options.logs.catalogue];
  }

  async #files(): Promise<readonly CataloguedFile[]> {
    return (await Promise.all(this.#catalogues().map((catalogue) => catalogue.files()))).flat();
  }

  /** Also those of a time that is yet to come: the clock was set back. */
  async #removeRetired(nowMs: number, failures: Failures): Promise<void> {
    const { archive, storage } = this.#options;
    await failures.of(async () => {
      for (const path of await archive.retired(nowMs - RETIRED_FOR_MS, nowMs + HOUR_MS)) await failures.of(() => storage.remove(path).then(() => archive.forgetRetired(path)));
    });
  }
}

function shareOf({ atMs, spans }: Arrived): { readonly atMs: number; readonly share: number } {
  return { atMs, share: spans / SPANS_AT_ONCE };
}

function signalOf(files: readonly CataloguedFile[]): ArchiveSignal {
  return files[0]?.signal ?? 'spans';
}
