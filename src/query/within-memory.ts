import type { ArchiveStatement, SpansDatabase } from '../store/archive/duckdb-archived-spans.js';
import type { Row } from '../store/database.js';
import { never, orTooMuch } from '../store/less-at-once.js';
import { isOutOfMemory } from '../store/out-of-memory.js';
import { ApiError } from './api-error.js';
import type { TimeWindow } from './time-window.js';

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

export function isTooMuch(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === 'traceql/too-much';
}

/** What `read` gives of each window; of one that is too much and longer than `shortestMs`, what it gives of its newer half and then of its older one. */
export async function* readWindows<T>(windows: readonly TimeWindow[], read: (window: TimeWindow) => Promise<T>, shortestMs: number): AsyncGenerator<{ readonly window: TimeWindow; readonly result: T }> {
  for (const window of windows) {
    const found = await orTooMuch(read(window), lengthMs(window) > shortestMs ? isTooMuch : never);
    if (found === undefined) yield* readWindows(halvesOf(window), read, shortestMs);
    else yield { window, result: found.result };
  }
}

export function lengthMs({ fromMs, toMs }: TimeWindow): number {
  return toMs - fromMs;
}

function halvesOf({ fromMs, toMs }: TimeWindow): readonly TimeWindow[] {
  const middleMs = Math.floor((fromMs + toMs) / 2);
  return [{ fromMs: middleMs, toMs }, { fromMs, toMs: middleMs }];
}
