import { isOutOfMemory } from './out-of-memory.js';

/** Some of all traces: those whose id is `index` modulo `of`, a power of two. Ids are random in their last bits (W3C Trace Context, level 2). */
export interface TracePart {
  readonly of: number;
  readonly index: number;
}

export const EVERY_TRACE: TracePart = { of: 1, index: 0 };
/** The most: beyond, memory is taken by what is read, not by what is kept of it. */
const MOST_PARTS = 1_024;

/** What `read` gives of all traces: at once, or of one half of them after the other. */
export async function readParts<T>(read: (part: TracePart) => Promise<readonly T[]>, isTooMuch = isOutOfMemory, part = EVERY_TRACE): Promise<readonly T[]> {
  const found = await orTooMuch(read(part), part.of < MOST_PARTS ? isTooMuch : never);
  if (found !== undefined) return found.result;
  const halves = [part.index, part.index + part.of].map((index) => ({ of: 2 * part.of, index }));
  const rows: T[] = [];
  for (const half of halves) rows.push(...await readParts(read, isTooMuch, half));
  return rows;
}

/** What `read` gives of these, in their order: of all at once, or of one half after the other. */
export async function readHalves<T, R>(items: readonly T[], read: (items: readonly T[]) => Promise<readonly R[]>, isTooMuch = isOutOfMemory): Promise<readonly R[]> {
  const found = await orTooMuch(read(items), items.length > 1 ? isTooMuch : never);
  if (found !== undefined) return found.result;
  const half = Math.ceil(items.length / 2);
  return [...await readHalves(items.slice(0, half), read, isTooMuch), ...await readHalves(items.slice(half), read, isTooMuch)];
}

/** Undefined for what was too much. */
export async function orTooMuch<T>(reading: Promise<T>, isTooMuch: (error: unknown) => boolean): Promise<{ readonly result: T } | undefined> {
  try {
    return { result: await reading };
  } catch (error) {
    if (isTooMuch(error)) return undefined;
    throw error;
  }
}

/** For what cannot be divided any more. */
export function never(): boolean {
  return false;
}

/** Condition on `trace_id_low`. */
export function hotOfPart({ of, index }: TracePart): string {
  return `trace_id_low % ${of} = ${index}`;
}

/** The same on an archived span `a`. */
export function archivedOfPart({ of, index }: TracePart): string {
  return `CAST('0x' || a."TraceId"[29:32] AS UINTEGER) % ${of} = ${index}`;
}
