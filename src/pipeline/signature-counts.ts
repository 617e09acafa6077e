import type { SignatureCount } from './signature-store.js';

type MinuteCounts = Map<number, number>;

/** Failed requests by signature and minute, and of all signatures together: rules ask for both at every tick. */
export class SignatureCounts {
  readonly #counts = new Map<string, MinuteCounts>();
  readonly #all: MinuteCounts = new Map();

  add(counts: readonly SignatureCount[]): void {
    for (const { id, minute, failures } of counts) {
      const own = this.#counts.get(id) ?? new Map<number, number>();
      this.#counts.set(id, own);
      for (const each of [own, this.#all]) each.set(minute, (each.get(minute) ?? 0) + failures);
    }
  }

  /** Of signatures that were forgotten: in the counts of all they are already. */
  recall(counts: readonly SignatureCount[]): void {
    for (const { id, minute, failures } of counts) {
      const own = this.#counts.get(id) ?? new Map<number, number>();
      this.#counts.set(id, own.set(minute, failures));
    }
  }

  byMinute(ids: readonly string[]): ReadonlyMap<number, number> {
    const sum: MinuteCounts = new Map();
    for (const id of ids) for (const [minute, failures] of this.#counts.get(id) ?? []) sum.set(minute, (sum.get(minute) ?? 0) + failures);
    return sum;
  }

  /** In whole minutes, [from, to). */
  of(ids: readonly string[], fromMinute: number, toMinute: number): number {
    return ids.reduce((sum, id) => sum + sumBetween(this.#counts.get(id), fromMinute, toMinute), 0);
  }

  all(fromMinute: number, toMinute: number): number {
    return sumBetween(this.#all, fromMinute, toMinute);
  }

  trim(beforeMinute: number): void {
    for (const counts of [...this.#counts.values(), this.#all]) for (const minute of counts.keys()) if (minute < beforeMinute) counts.delete(minute);
  }

  forgetOthers(isKept: (id: string) => boolean): void {
    for (const id of this.#counts.keys()) if (!isKept(id)) this.#counts.delete(id);
  }

  /** What it failed stays in the counts of all. */
  forget(id: string): void {
    this.#counts.delete(id);
  }
}

/** A window has few minutes and a week has many; a signature that fails rarely has few in all. */
function sumBetween(counts: ReadonlyMap<number, number> | undefined, fromMinute: number, toMinute: number): number {
  if (counts === undefined) return 0;
  let sum = 0;
  if (toMinute - fromMinute <= counts.size) for (let minute = fromMinute; minute < toMinute; minute += 1) sum += counts.get(minute) ?? 0;
  else for (const [minute, failures] of counts) if (minute >= fromMinute && minute < toMinute) sum += failures;
  return sum;
}
