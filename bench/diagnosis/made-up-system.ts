import type { RandomSource } from '../../src/budget/random-source.js';

/** What is so of a system besides what chance says. */
export interface Build {
  /** How many services it has. */
  readonly size?: number | undefined;
  /** Share of its calls that are messages, which nobody waits for. */
  readonly messages?: number;
}

/** What chance has for the parts of a system, and those that there are. */
interface Materials {
  readonly random: RandomSource;
  readonly deeper: readonly Operation[];
  readonly messages: number;
}

/** A service as nobody ever built it, with the habits that real ones have. */
export interface Service {
  readonly name: string;
  readonly operations: Operation[];
  readonly pods: readonly Pod[];
  /** Share of its work that takes many times as long, now and then. */
  readonly unrest: number;
  /** How much longer its work takes where twice as much is asked of the system. */
  readonly underLoad: number;
}

export interface Pod {
  readonly name: string;
  readonly node: string;
  readonly version: string;
}

export interface Operation {
  readonly service: Service;
  readonly name: string;
  readonly workMs: number;
  /** Standard deviation of the logarithm of its work. */
  readonly spread: number;
  readonly steps: readonly Step[];
  /** Spans inside of the service. */
  readonly spans: readonly string[];
  readonly says: readonly Saying[];
  readonly queries: boolean;
  /** Share of its requests that fail when all is well: bad input, mostly. */
  readonly fails: number;
}

/** One step of an operation: a call, or several at once. */
export interface Step {
  readonly callees: readonly Operation[];
  /** Share of requests that take it. */
  readonly share: number;
  /** Up to so many times one after the other, as the data would have it. */
  readonly repeats: number;
  readonly way: 'call' | 'message';
  readonly retries: boolean;
}

export interface Saying {
  /** `{}` is a number, `{w}` a word. */
  readonly template: string;
  readonly share: number;
  /** Said more often under load. */
  readonly underLoad: boolean;
}

/** What is recorded of it: no two systems are instrumented alike. */
export interface Style {
  readonly status: boolean;
  readonly severity: boolean;
  readonly clientSpans: boolean;
  readonly attributes: boolean;
  /** Failed requests have a span of the framework's error page. */
  readonly errorSpans: boolean;
  readonly json: boolean;
}

export interface System {
  readonly services: readonly Service[];
  readonly style: Style;
  /** What users ask for, and how often. */
  readonly doors: readonly Door[];
}

export interface Door {
  readonly operation: Operation;
  readonly weight: number;
}

export function pick<T>(random: RandomSource, from: readonly T[]): T {
  return from[Math.floor(random.next() * from.length)]!;
}

export function between(random: RandomSource, least: number, most: number): number {
  return least + (most - least) * random.next();
}

const VERBS = ['GET', 'POST', 'PUT'];
const NOUNS = ['order', 'item', 'price', 'stock', 'route', 'seat', 'user', 'quote', 'offer', 'ticket'];
const SAYINGS = [
  'loaded {} with {} entries', 'checked {} of {}', 'answered {} in {} ms', 'found {} for user {}', 'using rate {} of table {}', 'cache holds {} of {}',
  'handling {w} for {w}', 'rule {w} matched {} times', 'request accepted', 'sent {w} to {w} after {} ms',
];
const UNDER_LOAD = ['waited {} ms for a worker', 'cache missed {}', 'queue holds {} of {}'];
const INNER = ['Controller.handle', 'Repository.findById', 'Repository.findAll', 'Transaction.commit', 'Mapper.convert'];

/** Services in layers; each calls some of deeper layers, so that there are no rings. Without a size it is drawn. */
export function buildSystem(random: RandomSource, { size, messages = 0.1 }: Build = {}): System {
  const style: Style = { status: random.next() < 0.6, severity: random.next() < 0.6, clientSpans: random.next() < 0.8, attributes: random.next() < 0.6, errorSpans: random.next() < 0.4, json: random.next() < 0.3 };
  const drawn = 8 + Math.floor(random.next() * 13);
  const count = size ?? drawn;
  const services: Service[] = [];
  for (let index = count - 1; index >= 1; index -= 1) {
    const deeper = services.flatMap((service) => service.operations);
    const service = buildService(`service-${index}`, random);
    const operations = 1 + Math.floor(random.next() * 4);
    for (let number = 0; number < operations; number += 1) service.operations.push(buildOperation(service, `${pick(random, VERBS)} /${pick(random, NOUNS)}/${number}`, { random, deeper, messages }));
    services.push(service);
  }
  const outer = services.slice(-Math.max(3, Math.floor(count / 3))).flatMap((each) => each.operations);
  const edge = random.next() < 0.5 ? edgeTo(outer) : undefined;
  const doors = (edge?.operations ?? outer).map((operation) => ({ operation, weight: 0.05 + random.next() ** 2 }));
  return { services: edge === undefined ? services : [...services, edge], style, doors };
}

function buildService(name: string, random: RandomSource): Service {
  const pods = Array.from({ length: 1 + Math.floor(random.next() * 3) }, (_, index) => ({ name: `${name}-${index}`, node: `node-${Math.floor(random.next() * 4)}`, version: '1.0' }));
  return { name, operations: [], pods, unrest: random.next() < 0.2 ? 0.06 : between(random, 0.001, 0.01), underLoad: random.next() < 0.3 ? between(random, 0.2, 1) : 0 };
}

function buildOperation(service: Service, name: string, materials: Materials): Operation {
  const { random, deeper } = materials;
  const calls = deeper.length === 0 ? 0 : Math.floor(random.next() * 3.6);
  return {
    service, name, workMs: 1 + 20 * random.next() ** 3, spread: between(random, 0.15, 0.6),
    steps: Array.from({ length: calls }, () => buildStep(materials)),
    spans: INNER.filter(() => random.next() < 0.3),
    says: [...Array.from({ length: 1 + Math.floor(random.next() * 3) }, () => ({ template: pick(random, SAYINGS), share: random.next() < 0.7 ? 1 : between(random, 0.1, 0.9), underLoad: false })), ...sayingsUnderLoad(random)],
    queries: random.next() < 0.4,
    fails: random.next() < 0.7 ? 0 : random.next() < 0.9 ? between(random, 0.005, 0.05) : between(random, 0.2, 0.5),
  };
}

function buildStep({ random, deeper, messages }: Materials): Step {
  const together = random.next() < 0.15 ? 2 + Math.floor(random.next() * 3) : 1;
  return {
    callees: Array.from({ length: together }, () => pick(random, deeper)), share: random.next() < 0.6 ? 1 : between(random, 0.3, 0.9), repeats: random.next() < 0.15 ? 3 : 1,
    way: random.next() < messages ? 'message' : 'call', retries: random.next() < 0.25,
  };
}

function sayingsUnderLoad(random: RandomSource): readonly Saying[] {
  return random.next() < 0.3 ? [{ template: pick(random, UNDER_LOAD), share: between(random, 0.02, 0.2), underLoad: true }] : [];
}

/** A gateway, of one operation that sends requests on. */
function edgeTo(operations: readonly Operation[]): Service {
  const edge: Service = { name: 'edge', operations: [], pods: [{ name: 'edge-0', node: 'node-0', version: '1.0' }], unrest: 0.004, underLoad: 0 };
  for (const operation of operations) {
    edge.operations.push({ service: edge, name: '/*', workMs: 1, spread: 0.2, steps: [{ callees: [operation], share: 1, repeats: 1, way: 'call', retries: false }], spans: [], says: [], queries: false, fails: 0 });
  }
  return edge;
}
