import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { Statement } from '../store/database.js';
import type { ArchiveCatalogue, ArchiveSignal, CataloguedFile, ReadableFile } from '../store/archive/archive-catalogue.js';
import type { ArchiveStorage } from '../store/archive/archive-storage.js';
import type { Arrived, DuckdbArchive } from '../store/archive/duckdb-archive.js';
import type { ArchiveGeneration } from '../store/archive/duckdb-known-files.js';
import type { DuckdbLogArchive } from '../store/archive/duckdb-log-archive.js';
import { leaveLogs } from './archive-logs.js';
import { publishFile } from './archive-publish.js';
import { planRewrites, type RetentionLimits, type Rewrite } from './archive-rewrites.js';
import { roundBoundary } from './archive-rounds.js';

/** Decides which of the gathered traces are kept, into `leaving_kept`; gives back what else the transaction that lets them go has to write. */
export type KeepLeaving = (leaving: { readonly nowMs: number; readonly beforeMs: number; readonly sinceMs: number }) => Promise<readonly Statement[]>;

export interface ArchiverOptions {
  readonly archive: DuckdbArchive;
  readonly logs: DuckdbLogArchive;
  readonly storage: ArchiveStorage;
  readonly generation: ArchiveGeneration;
  readonly hotRetentionMs: number;
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
  #recovered = false;
  #stopping = false;

  constructor(options: ArchiverOptions) {
    this.#options = options;
  }

  async run(nowMs: number): Promise<void> {
    if (!this.#recovered) await this.#recover(nowMs);
    this.#recovered = true;
    await this.#options.archive.noteLongTraces(nowMs, this.#options.hotRetentionMs);
    for (let round = 0; round < ROUNDS_AT_ONCE && !this.#stopping && await this.#leave(nowMs); round += 1);
    for (let round = 0; round < ROUNDS_AT_ONCE && !this.#stopping && await this.#leaveLogs(nowMs); round += 1);
    // An erasure that fails (a file cannot be read) is tried again; it must not keep the archive from being tidied.
    const failed = this.#stopping ? undefined : await this.#options.eraser?.run(nowMs).catch((error: unknown) => ({ error }));
    await this.#tidy(nowMs);
    await this.#removeRetired(nowMs - RETIRED_FOR_MS);
    await this.#options.eraser?.finish(nowMs);
    if (failed !== undefined) throw failed.error;
  }

  /** Whether somebody waits for something to be erased. */
  isAsked(): Promise<boolean> {
    return this.#options.eraser?.isAsked() ?? Promise.resolve(false);
  }

  /** Whatever is under way is finished, and nothing new begun. */
  stop(): void {
    this.#stopping = true;
  }

  /** After a start nothing reads the archive yet: what is not in the catalogue goes. */
  async #recover(nowMs: number): Promise<void> {
    const { archive, storage } = this.#options;
    await storage.clearStage();
    const known = new Set([...(await this.#files()).map(({ path }) => path), ...await archive.retired(nowMs)]);
    for (const path of await storage.list()) if (!known.has(path)) await storage.remove(path);
  }

  /** One round; whether there is more. */
  async #leave(nowMs: number): Promise<boolean> {
    const { archive, hotRetentionMs, keep } = this.#options;
    const untilMs = nowMs - hotRetentionMs;
    const sinceMs = await archive.leftBeforeMs();
    const beforeMs = await this.#boundary(sinceMs, untilMs);
    if (beforeMs <= sinceMs) return false;
    await archive.gather({ beforeMs, quietMs: QUIET_MS, overdueMs: beforeMs - Math.max(hotRetentionMs, QUIET_MS) });
    const more = await keep({ nowMs, beforeMs, sinceMs });
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
    return this.#changing(leaveLogs(this.#options, { nowMs, untilMs: nowMs - this.#options.hotRetentionMs }));
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
  async #tidy(nowMs: number): Promise<void> {
    const { archive, storage, limits, hotRetentionMs } = this.#options;
    // Room that is on its way is not asked for twice.
    const closedBeforeHour = Math.floor((nowMs - hotRetentionMs - 2 * QUIET_MS) / HOUR_MS);
    const isFreeing = (await archive.retired(nowMs)).length > 0;
    const groups = (await Promise.all(this.#catalogues().map((catalogue) => catalogue.groups()))).flat();
    const rewrites = planRewrites({ files: await this.#files(), groups }, { nowMs, closedBeforeHour, limits: limits(), freeBytes: isFreeing ? undefined : await storage.freeBytes() });
    for (const rewrite of rewrites.slice(0, REWRITES_AT_ONCE)) {
      if (this.#stopping) return;
      await this.#rewrite(rewrite, nowMs);
    }
    if (rewrites.length <= REWRITES_AT_ONCE && !this.#stopping) await archive.sortTraces(closedBeforeHour);
  }

  async #rewrite({ files, dropped, isEmpty }: Rewrite, nowMs: number): Promise<void> {
    const by = isEmpty ? undefined : await this.#rewritten(files, dropped, nowMs);
    await this.#changing(this.#ofSignal(signalOf(files)).catalogue.replace(files, { by, nowMs }));
  }

  /** A change that failed may have reached the disk all the same: who reads the archive looks anew in any case. */
  #changing<T>(change: Promise<T>): Promise<T> {
    return change.finally(() => { this.#options.generation.current += 1; });
  }

  async #rewritten(files: readonly CataloguedFile[], dropped: readonly string[], nowMs: number): Promise<ReadableFile> {
    const { storage } = this.#options;
    const sources = await storage.local(files);
    const signal = signalOf(files);
    const written = await publishFile(storage, { signal, hour: files[0]?.hour ?? 0, nowMs }, (file) => this.#ofSignal(signal).rewrite(sources, dropped, file));
    const expected = files.reduce((sum, { rows }) => sum + rows, 0);
    if (dropped.length === 0 && written.file.rows !== expected) throw new Error(`${written.file.path} has ${written.file.rows} rows instead of ${expected}: the files it was made of stay`);
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

  async #removeRetired(beforeMs: number): Promise<void> {
    const { archive, storage } = this.#options;
    for (const path of await archive.retired(beforeMs)) {
      await storage.remove(path);
      await archive.forgetRetired(path);
    }
  }
}

function shareOf({ atMs, spans }: Arrived): { readonly atMs: number; readonly share: number } {
  return { atMs, share: spans / SPANS_AT_ONCE };
}

function signalOf(files: readonly CataloguedFile[]): ArchiveSignal {
  return files[0]?.signal ?? 'spans';
}
