import { MINUTE_MS } from '../lib/duration.js';
import type { ArchiveStatement, SpansDatabase } from '../store/archive/duckdb-archived-spans.js';
import type { Row } from '../store/database.js';
import { isOutOfMemory } from '../store/out-of-memory.js';
import { ApiError } from './api-error.js';
import type { TimeWindow } from './time-window.js';

/** Shorter windows are not halved: what a search looks at around them is most of what it reads. */
const SHORTEST_MS = MINUTE_MS;

/** @throws ApiError `traceql/too-much` where the statement needs more memory than the database may take. */
export async function readWithin(database: SpansDatabase, statement: ArchiveStatement): Promise<Row[]> {
  try {
    return await database.query(statement);
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    throw new ApiError('traceql/too-much', 'this query needs more memory at once than the database may take', {
      hint: 'Ask for a shorter time, or of fewer spans: name the service (resource.service.name = "…") or another attribute. When others read much at the same time, asking again may do.',
    });
  }
}

export function isTooMuch(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'traceql/too-much';
}

/** What `read` gives of each window; of one that is too much, what it gives of its newer half and then of its older one. */
export async function* readWindows<T>(windows: readonly TimeWindow[], read: (window: TimeWindow) => Promise<T>): AsyncGenerator<{ readonly window: TimeWindow; readonly result: T }> {
  for (const window of windows) {
    const found = await orTooMuch(read(window), canBeHalved(window));
    if (found === undefined) yield* readWindows(halvesOf(window), read);
    else yield { window, result: found.result };
  }
}

/** What `read` gives of these, in their order: of all at once, or of one half after the other. */
export async function readHalves<T, R>(items: readonly T[], read: (items: readonly T[]) => Promise<readonly R[]>): Promise<readonly R[]> {
  const found = await orTooMuch(read(items), items.length > 1);
  if (found !== undefined) return found.result;
  const half = Math.ceil(items.length / 2);
  return [...await readHalves(items.slice(0, half), read), ...await readHalves(items.slice(half), read)];
}

export function canBeHalved({ fromMs, toMs }: TimeWindow): boolean {
  return toMs - fromMs > SHORTEST_MS;
}

/** Undefined for what was too much, where less can be asked for. */
export async function orTooMuch<T>(reading: Promise<T>, isDivisible: boolean): Promise<{ readonly result: T } | undefined> {
  try {
    return { result: await reading };
  } catch (error) {
    if (isDivisible && isTooMuch(error)) return undefined;
    throw error;
  }
}

function halvesOf({ fromMs, toMs }: TimeWindow): readonly TimeWindow[] {
  const middleMs = Math.floor((fromMs + toMs) / 2);
  return [{ fromMs: middleMs, toMs }, { fromMs, toMs: middleMs }];
}
