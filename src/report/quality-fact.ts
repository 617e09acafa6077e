/** A span that shows what a fact says. */
export interface ExampleSpan {
  readonly traceId: string;
  readonly spanId: string;
}

/** What is counted; `n`, `bad` and `value` of each are explained in docs/quality.md. */
export type FactName =
  | 'spans' | 'weighted' | 'requests' | 'unknown-weight' | 'unknown-weight-errors' | 'limits-hit' | 'inner-kind' | 'root-kind' | 'span-names' | 'active-minutes' | 'active-hour' | 'first-seen'
  | 'traces' | 'weighted-traces' | 'orphan-weight' | 'weighted-rootless' | 'rootless' | 'mixed-weights' | 'trace-latency' | 'arrival-lag' | 'orphans' | 'entry-kind' | 'edge' | 'after-parent' | 'clock-skew' | 'tiny-spans' | 'internal-spans' | 'loop'
  | 'broken-context' | 'unanswered-call'
  | 'attribute-values' | 'attribute-keys' | 'wrong-level' | 'wrong-status' | 'sampled-spans'
  | 'sensitive' | 'old-name' | 'resource' | 'sdk-version' | 'service-version' | 'logs' | 'log-severity' | 'log-sensitive' | 'attribute-key' | 'slow-traces' | 'slow-self' | 'agent-spans' | 'agent-events' | 'agent-lost-by';

/** One count of one window. Facts of the same name, service and subject add up over windows. */
export interface QualityFact {
  readonly fact: FactName;
  readonly service: string;
  /** What it is about besides the service: another service, an attribute, a bucket. Empty where nothing. */
  readonly subject: string;
  readonly n: number;
  readonly bad: number;
  readonly value: number;
  readonly examples: readonly ExampleSpan[];
}

/** Facts whose `value` is the largest seen rather than a sum: distinct counts of windows overlap, and times do not add up. */
const LARGEST: ReadonlySet<FactName> = new Set(['span-names', 'active-minutes', 'first-seen', 'attribute-values', 'attribute-keys', 'loop']);
export const EXAMPLES_MAX = 3;

export function isLargest(fact: FactName): boolean {
  return LARGEST.has(fact);
}

export function factKey({ fact, service, subject }: Pick<QualityFact, 'fact' | 'service' | 'subject'>): string {
  return `${fact}\u001f${service}\u001f${subject}`;
}

export function addFacts(left: QualityFact, right: QualityFact): QualityFact {
  return {
    ...left, n: left.n + right.n, bad: left.bad + right.bad,
    value: LARGEST.has(left.fact) ? Math.max(left.value, right.value) : left.value + right.value,
    examples: mergeExamples(left.examples, right.examples),
  };
}

function mergeExamples(left: readonly ExampleSpan[], right: readonly ExampleSpan[]): readonly ExampleSpan[] {
  if (left.length >= EXAMPLES_MAX || right.length === 0) return left;
  return [...left, ...right].slice(0, EXAMPLES_MAX);
}

/** Facts of several windows as one set. */
export class FactTable {
  readonly #facts = new Map<FactName, Map<string, QualityFact>>();

  constructor(facts: Iterable<QualityFact> = []) {
    this.add(facts);
  }

  add(facts: Iterable<QualityFact>): void {
    for (const fact of facts) {
      const named = this.#named(fact.fact);
      const key = factKey(fact);
      const known = named.get(key);
      named.set(key, known === undefined ? fact : addFacts(known, fact));
    }
  }

  get all(): QualityFact[] {
    return [...this.#facts.values()].flatMap((named) => [...named.values()]);
  }

  of(fact: FactName): QualityFact[] {
    return [...(this.#facts.get(fact)?.values() ?? [])];
  }

  get(fact: FactName, service: string, subject = ''): QualityFact | undefined {
    return this.#facts.get(fact)?.get(factKey({ fact, service, subject }));
  }

  #named(fact: FactName): Map<string, QualityFact> {
    const named = this.#facts.get(fact) ?? new Map<string, QualityFact>();
    this.#facts.set(fact, named);
    return named;
  }

  services(): string[] {
    return [...new Set(this.of('spans').map(({ service }) => service))].sort();
  }
}
