import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import type { ArchiveGroup, CataloguedFile } from '../store/archive/archive-catalogue.js';

/** How long what is kept: the first rule that fits a trace says so. */
export interface RetentionRule {
  /** Of the trace's root; undefined: any. */
  readonly service?: string;
  /** Why the trace was kept; undefined: any. */
  readonly reason?: string;
  readonly maxAgeMs: number;
}

export interface RetentionLimits {
  readonly rules: readonly RetentionRule[];
  /** For what no rule fits. */
  readonly maxAgeMs: number;
  /** Of all files together. */
  readonly maxBytes: number | undefined;
  /** Bytes that the disk must have free; the archive makes room for them. */
  readonly minFreeBytes: number;
}

/** Files of one signal that one new file takes the place of, without the groups `dropped` (`service␟reason`); none at all where nothing is left. */
export interface Rewrite {
  readonly files: readonly CataloguedFile[];
  readonly dropped: readonly string[];
  readonly isEmpty: boolean;
  /** Rows that are left. */
  readonly rows: number;
}

export interface ArchiveContents {
  readonly files: readonly CataloguedFile[];
  readonly groups: readonly ArchiveGroup[];
}

export interface RewritePlan {
  readonly nowMs: number;
  /** Hours before this one get no new files any more, but for spans that come very late. */
  readonly closedBeforeHour: number;
  readonly limits: RetentionLimits;
  readonly freeBytes: number | undefined;
}

/** What goes first when there is no room: what is kept for its own sake is worth less than what somebody asked for. */
const DROP_ORDER = ['log', 'baseline', 'fast', 'rare', 'new', 'slow'];
const ERRORS = ['error-log', 'error'];
const PINNED = 'pinned';
/** While its hour is open, so many files are merged. */
const MAX_OPEN_FILES = 12;
/** A busy hour keeps several files: writing one anew sorts it as a whole, and one trace is read from it by looking through its ids. */
const MAX_MERGED_ROWS = 250_000;
/** Files are not merged with one that came so much later: what is imported is kept from when it came, and its neighbours are not. */
const MAX_ARRIVAL_APART_MS = DAY_MS;

/** Which files have to be written anew: by age, by size, and because an hour has several. First those of which nothing is left, for which nothing has to be read or written. */
export function planRewrites({ files, groups }: ArchiveContents, plan: RewritePlan): readonly Rewrite[] {
  const byFile = groupsByFile(groups);
  const dropped = new Map<string, Set<string>>();
  for (const file of files) dropped.set(file.fileId, new Set(expired(file, byFile.get(file.fileId) ?? [], plan).map(keyOf)));
  dropForRoom({ files, groups }, plan, dropped);
  const rewrites = hoursOf(files).flatMap(({ hour, files: ofHour }) => rewriteOf(ofHour, { byFile, dropped, merges: ofHour.length > 1 && (hour < plan.closedBeforeHour || ofHour.length >= MAX_OPEN_FILES) }));
  return rewrites.toSorted((left, right) => Number(right.isEmpty) - Number(left.isEmpty));
}

export function retentionOf(group: Pick<ArchiveGroup, 'service' | 'reason'>, { rules, maxAgeMs }: RetentionLimits): number {
  const rule = rules.find(({ service, reason }) => (service === undefined || service === group.service) && (reason === undefined || reason === group.reason));
  return rule?.maxAgeMs ?? maxAgeMs;
}

/** What is imported counts from when it came. */
function expired({ hour, maxArrivalMs }: CataloguedFile, groups: readonly ArchiveGroup[], { nowMs, limits }: RewritePlan): readonly ArchiveGroup[] {
  return groups.filter((group) => Math.max((hour + 1) * HOUR_MS, maxArrivalMs) + retentionOf(group, limits) <= nowMs);
}

/** The oldest normal traces first, errors last, what is pinned never. */
function dropForRoom({ files, groups }: ArchiveContents, { limits, freeBytes }: RewritePlan, dropped: Map<string, Set<string>>): void {
  const fileOf = new Map(files.map((file) => [file.fileId, file]));
  const sizes = groups.flatMap((group) => {
    const file = fileOf.get(group.fileId);
    if (file === undefined || dropped.get(group.fileId)?.has(keyOf(group)) === true) return [];
    return [{ group, hour: file.hour, bytes: (file.bytes * group.rows) / Math.max(1, file.rows) }];
  });
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  let excess = Math.max(total - (limits.maxBytes ?? Infinity), freeBytes === undefined ? 0 : limits.minFreeBytes - freeBytes);
  const candidates = sizes.filter(({ group }) => group.reason !== PINNED).sort((left, right) => rankOf(left.group) - rankOf(right.group) || left.hour - right.hour);
  for (const { group, bytes } of candidates) {
    if (excess <= 0) return;
    dropped.get(group.fileId)?.add(keyOf(group));
    excess -= bytes;
  }
}

function rankOf({ reason }: ArchiveGroup): number {
  if (ERRORS.includes(reason)) return DROP_ORDER.length + 1 + ERRORS.indexOf(reason);
  const place = DROP_ORDER.indexOf(reason);
  return place === -1 ? DROP_ORDER.length : place;
}

function rewriteOf(files: readonly CataloguedFile[], { byFile, dropped, merges }: { readonly byFile: ReadonlyMap<string, readonly ArchiveGroup[]>; readonly dropped: ReadonlyMap<string, ReadonlySet<string>>; readonly merges: boolean }): readonly Rewrite[] {
  // Groups expire by the hour, so that the files of an hour lose the same ones; for want of room, one file may lose more than its neighbours.
  const sets = merges && sameDrops(files, { byFile, dropped }) ? setsThatFit(files) : files.map((file) => [file]);
  return sets.flatMap((set): Rewrite[] => {
    const gone = [...new Set(set.flatMap(({ fileId }) => [...dropped.get(fileId) ?? []]))].sort();
    if (gone.length === 0 && set.length === 1) return [];
    const groups = set.flatMap(({ fileId }) => byFile.get(fileId) ?? []);
    const rows = groups.reduce((left, group) => left - (gone.includes(keyOf(group)) ? group.rows : 0), set.reduce((sum, each) => sum + each.rows, 0));
    return [{ files: set, dropped: gone, isEmpty: groups.every((group) => gone.includes(keyOf(group))), rows }];
  });
}

function setsThatFit(files: readonly CataloguedFile[]): readonly (readonly CataloguedFile[])[] {
  const sets: CataloguedFile[][] = [];
  for (const file of files.toSorted((left, right) => left.maxArrivalMs - right.maxArrivalMs)) {
    const last = sets.at(-1) ?? [];
    const [first = file] = last;
    const rows = last.reduce((sum, each) => sum + each.rows, file.rows);
    if (last.length === 0 || rows > MAX_MERGED_ROWS || file.maxArrivalMs - first.maxArrivalMs > MAX_ARRIVAL_APART_MS) sets.push([file]);
    else last.push(file);
  }
  return sets;
}

function sameDrops(files: readonly CataloguedFile[], { byFile, dropped }: { readonly byFile: ReadonlyMap<string, readonly ArchiveGroup[]>; readonly dropped: ReadonlyMap<string, ReadonlySet<string>> }): boolean {
  const gone = new Set(files.flatMap(({ fileId }) => [...dropped.get(fileId) ?? []]));
  return files.every(({ fileId }) => (byFile.get(fileId) ?? []).every((group) => gone.has(keyOf(group)) === (dropped.get(fileId)?.has(keyOf(group)) ?? false)));
}

function groupsByFile(groups: readonly ArchiveGroup[]): ReadonlyMap<string, readonly ArchiveGroup[]> {
  const byFile = new Map<string, ArchiveGroup[]>();
  for (const group of groups) byFile.set(group.fileId, [...byFile.get(group.fileId) ?? [], group]);
  return byFile;
}

/** Spans and log records of an hour are files of their own. */
function hoursOf(files: readonly CataloguedFile[]): readonly { readonly hour: number; readonly files: readonly CataloguedFile[] }[] {
  const hours = new Map<string, { readonly hour: number; readonly files: CataloguedFile[] }>();
  for (const file of files) {
    const key = `${file.signal}/${file.hour}`;
    const known = hours.get(key);
    if (known === undefined) hours.set(key, { hour: file.hour, files: [file] });
    else known.files.push(file);
  }
  return [...hours.values()];
}

function keyOf({ service, reason }: Pick<ArchiveGroup, 'service' | 'reason'>): string {
  return `${service}\u001f${reason}`;
}
