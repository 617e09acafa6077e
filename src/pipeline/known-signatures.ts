import type { TrackedSignature } from '../signature/tracked-signature.js';

/** Of merges of merges no more are followed. */
export const MAX_MERGES = 16;

/** Signatures in memory, and how they hang together: by what earlier versions of the normaliser called them, and by what people merged. */
export class KnownSignatures {
  readonly #signatures = new Map<string, TrackedSignature>();
  /** What people merged into it, by id. */
  readonly #merged = new Map<string, Set<string>>();

  all(): readonly TrackedSignature[] {
    return [...this.#signatures.values()];
  }

  get size(): number {
    return this.#signatures.size;
  }

  get(id: string): TrackedSignature | undefined {
    return this.#signatures.get(id);
  }

  has(id: string): boolean {
    return this.#signatures.has(id);
  }

  learn(signatures: readonly TrackedSignature[]): void {
    for (const signature of signatures) {
      const { id, decision } = signature;
      const before = this.#signatures.get(id)?.decision?.into;
      if (before !== undefined) this.#merged.get(before)?.delete(id);
      if (decision?.into !== undefined) this.#merged.set(decision.into, (this.#merged.get(decision.into) ?? new Set()).add(id));
      this.#signatures.set(id, signature);
    }
  }

  /** What was merged into others stays part of them. */
  forget(id: string): void {
    this.#signatures.delete(id);
  }

  /** The signature itself, what earlier versions of the normaliser called it, and what people merged into it: all that is counted as one. */
  family(id: string): readonly string[] {
    const family = new Set([id]);
    for (const each of family) for (const other of [...(this.get(each)?.earlierIds ?? []), ...(this.#merged.get(each) ?? [])]) family.add(other);
    return [...family];
  }

  /** The family without older names that another signature took over: of several new names for an old one its first has its numbers. */
  counted(id: string): readonly string[] {
    const family = this.family(id);
    return family.filter((each) => {
      const [first] = this.get(each)?.laterIds ?? [];
      return first === undefined || family.includes(first);
    });
  }

  /** When any of its family was seen last; 0: never. */
  lastSeenMs(id: string): number {
    return Math.max(0, ...this.family(id).map((each) => this.get(each)?.lastSeenMs ?? 0));
  }

  /** The names of what later versions, or people, have made of it: an alert that began under this one is about all of them. */
  names(id: string): readonly string[] {
    const later = new Set([id]);
    for (const each of later) for (const next of this.successors(each)) later.add(next);
    return [...new Set([...later].flatMap((each) => this.family(each)))];
  }

  /** What it is called now: by later versions, or by who merged it. */
  successors(id: string): readonly string[] {
    const { laterIds = [], decision } = this.get(id) ?? {};
    return decision?.into === undefined ? laterIds : [...laterIds, decision.into];
  }

  /** Where a person merged it into, under its present name; as far as that is still there. */
  target(id: string): string {
    let target = id;
    for (let step = 0; step < MAX_MERGES; step += 1) {
      const next = this.get(target)?.decision?.into ?? (target === id ? undefined : this.#onlyLater(target));
      if (next === undefined || !this.has(next)) return target;
      target = next;
    }
    return target;
  }

  /** Undefined where a later version has none or several names for it. */
  #onlyLater(id: string): string | undefined {
    const { laterIds = [] } = this.get(id) ?? {};
    return laterIds.length === 1 ? laterIds[0] : undefined;
  }
}
