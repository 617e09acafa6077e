import { randomOf, type RandomSource } from '../../budget/random-source.js';
import { buildSpan } from '../../signature/span-builder.js';
import type { Attributes, Span } from '../../trace/span.js';
import type { LogLine, Traffic } from './traffic.js';

/** What can go wrong in the service that is to be found. */
export const FAULT_KINDS = [
  'slow code', 'starved of CPU', 'slow network', 'slow database', 'slow pod', 'errors', 'errors of one version', 'silent errors', 'missing call', 'repeated call', 'new line of log', 'lost line of log', 'gone',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** A made-up system with one fault, of which the answer is known. */
export interface RandomIncident {
  readonly baseline: Traffic;
  readonly incident: Traffic;
  readonly kind: FaultKind;
  /** The answer. */
  readonly service: string;
}

export interface RandomIncidentOptions {
  readonly seed: number;
  readonly kind: FaultKind;
  /** Another service gets slower too, from before the fault began. */
  readonly drifts?: boolean;
  /** The incident's recording begins when the fault does. */
  readonly fromTheStart?: boolean;
}

interface Step {
  readonly callee: Operation;
  /** Share of requests that make this call. */
  readonly share: number;
}

interface Operation {
  readonly service: Service;
  readonly name: string;
  readonly workMs: number;
  readonly steps: readonly Step[];
  readonly lines: readonly string[];
  readonly queries: boolean;
}

interface Service {
  readonly name: string;
  readonly operations: Operation[];
  /** Share of requests that take very long, now and then. */
  readonly unrest: number;
}

interface System {
  readonly services: readonly Service[];
  /** What users ask for, and how often. */
  readonly doors: readonly { readonly operation: Operation; readonly weight: number }[];
}

interface Fault {
  readonly kind: FaultKind;
  readonly service: Service;
  /** Share of the requests that it hits. */
  readonly share: number;
  readonly extraMs: number;
  readonly fromMs: number;
}

const BASELINE_REQUESTS = 120;
const INCIDENT_REQUESTS = 240;
const MS_BETWEEN = 700;
/** Of the baseline: what hardly anybody meets is no incident. */
const LEAST_REQUESTS = 12;

/** The same seed gives the same system, traffic and fault; the kinds of fault of one seed meet the same system. */
export function randomIncident({ seed, kind, drifts = false, fromTheStart = false }: RandomIncidentOptions): RandomIncident {
  const random = randomOf(seed);
  const system = buildSystem(random);
  const baseline = new Run(system, randomOf(seed + 1)).requests(BASELINE_REQUESTS);
  const service = pick(random, candidatesFor(kind, system, baseline));
  const share = 0.3 + 0.6 * random.next();
  const extraMs = 40 + 200 * random.next();
  const fromMs = fromTheStart ? 0 : INCIDENT_REQUESTS * MS_BETWEEN * (0.25 + 0.35 * random.next());
  const drifting = drifts ? pick(random, system.services.filter((each) => each !== service)) : undefined;
  const incident = new Run(system, randomOf(seed + 2), { fault: { kind, service, share, extraMs, fromMs }, drifting }).requests(INCIDENT_REQUESTS);
  return { kind, service: service.name, baseline, incident };
}

const VERBS = ['GET', 'POST', 'PUT'];
const NOUNS = ['order', 'item', 'price', 'stock', 'route', 'seat', 'user', 'quote', 'offer', 'ticket'];
const SAYINGS = ['loaded {} with {} entries', 'checked {} of {}', 'answered {} in {} ms', 'found {} for user {}', 'using rate {} of table {}', 'cache holds {} of {}'];

/** Services in layers; each calls some of deeper layers, so that there are no rings. */
function buildSystem(random: RandomSource): System {
  const count = 8 + Math.floor(random.next() * 9);
  const restless = 2 + Math.floor(random.next() * (count - 2));
  const services: Service[] = [];
  for (let index = count - 1; index >= 1; index -= 1) {
    const deeper = services.flatMap((service) => service.operations);
    const service: Service = { name: `service-${index}`, operations: [], unrest: index === restless ? 0.06 : 0.004 };
    const operations = 1 + Math.floor(random.next() * 3);
    for (let number = 0; number < operations; number += 1) service.operations.push(buildOperation(service, `${pick(random, VERBS)} /${pick(random, NOUNS)}/${number}`, { random, deeper }));
    services.push(service);
  }
  const edge: Service = { name: 'edge', operations: [], unrest: 0.004 };
  const outer = services.slice(-Math.max(3, Math.floor(count / 3))).flatMap((each) => each.operations);
  const doors = outer.map((operation) => {
    const door: Operation = { service: edge, name: '/*', workMs: 1, steps: [{ callee: operation, share: 1 }], lines: [], queries: false };
    edge.operations.push(door);
    return { operation: door, weight: 0.1 + random.next() ** 2 };
  });
  return { services: [...services, edge], doors };
}

function buildOperation(service: Service, name: string, { random, deeper }: { readonly random: RandomSource; readonly deeper: readonly Operation[] }): Operation {
  const calls = deeper.length === 0 ? 0 : Math.floor(random.next() * 4);
  const steps = Array.from({ length: calls }, () => ({ callee: pick(random, deeper), share: random.next() < 0.6 ? 1 : 0.3 + 0.6 * random.next() }));
  const lines = Array.from({ length: 1 + Math.floor(random.next() * 3) }, () => pick(random, SAYINGS));
  return { service, name, workMs: 1 + 12 * random.next() ** 2, steps, lines, queries: random.next() < 0.4 };
}

/** Services in which this kind of fault can happen and that enough requests meet; where none of them is busy, the busiest. */
function candidatesFor(kind: FaultKind, { services }: System, { spans }: Traffic): readonly Service[] {
  const requests = ({ name, operations }: Service): number => {
    const fitting = new Set(operations.filter((operation) => canHave(kind, operation)).map((operation) => operation.name));
    return new Set(spans.filter((span) => span.serviceName === name && fitting.has(span.name)).map((span) => span.traceId)).size;
  };
  const busiestFirst = services.filter(({ name }) => name !== 'edge').map((service) => ({ service, requests: requests(service) })).sort((left, right) => right.requests - left.requests);
  const busy = busiestFirst.filter((each) => each.requests >= LEAST_REQUESTS);
  return (busy.length > 0 ? busy : busiestFirst.slice(0, 1)).map(({ service }) => service);
}

function canHave(kind: FaultKind, { steps, queries }: Operation): boolean {
  if (kind === 'slow database') return queries;
  return kind === 'missing call' || kind === 'repeated call' ? steps.some(({ share }) => share === 1) : true;
}

interface Conditions {
  readonly fault?: Fault;
  readonly drifting?: Service | undefined;
}

interface Place {
  readonly trace: string;
  readonly parent: string | undefined;
  readonly startMs: number;
}

interface Answer {
  readonly endMs: number;
  readonly failed: boolean;
}

/** Lets users ask for things and records what an instrumented system would send. */
class Run {
  readonly #spans: Span[] = [];
  readonly #logs: LogLine[] = [];
  readonly #system: System;
  readonly #random: RandomSource;
  readonly #conditions: Conditions;
  #ids = 0;

  constructor(system: System, random: RandomSource, conditions: Conditions = {}) {
    this.#system = system;
    this.#random = random;
    this.#conditions = conditions;
  }

  requests(count: number): Traffic {
    const total = this.#system.doors.reduce((sum, { weight }) => sum + weight, 0);
    for (let index = 0; index < count; index += 1) {
      let left = this.#random.next() * total;
      const door = this.#system.doors.find(({ weight }) => (left -= weight) < 0) ?? this.#system.doors[0]!;
      this.#visit(door.operation, { trace: `t${this.#random.next()}${index}`, parent: undefined, startMs: (index + this.#random.next()) * MS_BETWEEN });
    }
    return { spans: this.#spans, logs: this.#logs };
  }

  #visit(operation: Operation, at: Place): Answer {
    const { service } = operation;
    const pod = this.#random.next() < 0.5 ? 'a' : 'b';
    const fault = this.#faultOf(service, { pod, startMs: at.startMs });
    const id = this.#nextId();
    let now = at.startMs + this.#workMs(operation) + this.#delayMs(fault);
    let failed = fault?.kind === 'errors' || fault?.kind === 'errors of one version';
    const here = { trace: at.trace, parent: id };
    if (operation.queries) now = this.#query(service, { ...here, startMs: now, extraMs: fault?.kind === 'slow database' ? fault.extraMs : 0 });
    if (!failed && fault?.kind !== 'silent errors') {
      const end = this.#calls(operation, { ...here, startMs: now }, fault);
      now = end.endMs;
      failed = end.failed;
    }
    const isNew = fault !== undefined && operation.service.operations.length > 0;
    const resource = { 'k8s.pod.name': `${service.name}-${pod}`, 'service.version': pod === 'b' && isNew && fault.kind === 'errors of one version' ? '2.0' : '1.0' };
    const span = buildSpan({ id, ...parentOf(at), trace: at.trace, service: service.name, name: operation.name, kind: 'server', status: failed ? 'error' : 'unset', startMs: at.startMs, durationMs: now - at.startMs, resource });
    this.#spans.push(span);
    this.#say(operation, { span, fault, failed });
    return { endMs: now, failed };
  }

  #calls(operation: Operation, at: Place, fault: Fault | undefined): Answer {
    let [now, failed] = [at.startMs, false];
    const always = operation.steps.findIndex(({ share }) => share === 1);
    for (const [index, { callee, share }] of operation.steps.entries()) {
      if (share < 1 && this.#random.next() >= share) continue;
      if (fault?.kind === 'missing call' && index === always) continue;
      const times = fault?.kind === 'repeated call' && index === always ? 3 : 1;
      for (let time = 0; time < times; time += 1) {
        const answer = this.#call(operation.service, callee, { ...at, startMs: now });
        now = answer.endMs;
        failed ||= answer.failed;
      }
      if (failed) break;
    }
    return { endMs: now, failed };
  }

  /** What is lost on the way belongs to either end: a starved process sends and takes late too. */
  #call(caller: Service, callee: Operation, at: Place): Answer {
    const { fault } = this.#conditions;
    const id = this.#nextId();
    const isHit = fault !== undefined && (fault.kind === 'slow network' || fault.kind === 'starved of CPU') && (fault.service === caller || fault.service === callee.service) && at.startMs >= fault.fromMs;
    const lateMs = isHit && this.#random.next() < fault.share / 2 ? 30 + 70 * this.#random.next() : 0;
    const wayMs = 0.4 + 0.4 * this.#random.next() + (this.#random.next() < 0.01 ? 20 * this.#random.next() : 0);
    const isGone = fault?.kind === 'gone' && fault.service === callee.service && at.startMs >= fault.fromMs;
    const answer = isGone ? { endMs: at.startMs + wayMs, failed: true } : this.#visit(callee, { trace: at.trace, parent: id, startMs: at.startMs + wayMs + lateMs });
    const endMs = answer.endMs + wayMs;
    this.#spans.push(buildSpan({
      id, ...parentOf(at), trace: at.trace, service: caller.name, name: callee.name.split(' ')[0]!, kind: 'client', status: answer.failed ? 'error' : 'unset', startMs: at.startMs, durationMs: endMs - at.startMs,
      attributes: { 'server.address': callee.service.name },
    }));
    return { endMs, failed: answer.failed };
  }

  #query(service: Service, at: Place & { readonly extraMs: number }): number {
    const durationMs = 1 + 2 * this.#random.next() + at.extraMs;
    const attributes: Attributes = { 'db.system.name': 'postgresql', 'server.address': `${service.name}-db` };
    this.#spans.push(buildSpan({ id: this.#nextId(), ...parentOf(at), trace: at.trace, service: service.name, name: 'SELECT', kind: 'client', startMs: at.startMs, durationMs, attributes }));
    return at.startMs + durationMs;
  }

  #faultOf(service: Service, { pod, startMs }: { readonly pod: string; readonly startMs: number }): Fault | undefined {
    const { fault } = this.#conditions;
    if (fault?.service !== service || startMs < fault.fromMs) return undefined;
    if (fault.kind === 'slow pod' || fault.kind === 'errors of one version') return pod === 'b' ? fault : undefined;
    return this.#random.next() < fault.share ? fault : undefined;
  }

  #delayMs(fault: Fault | undefined): number {
    if (fault?.kind === 'slow code' || fault?.kind === 'slow pod') return fault.extraMs;
    return fault?.kind === 'starved of CPU' ? 30 + 70 * this.#random.next() : 0;
  }

  /** Around the usual time by a log-normal factor, now and then many times as long. */
  #workMs({ service, workMs }: Operation): number {
    const { drifting } = this.#conditions;
    const isDrifting = drifting === service;
    const usual = workMs * Math.exp(0.25 * this.#normal()) * (isDrifting ? 1.6 : 1);
    return this.#random.next() < service.unrest * (isDrifting ? 4 : 1) ? usual * (10 + 30 * this.#random.next()) : usual;
  }

  #normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#random.next())) * Math.cos(2 * Math.PI * this.#random.next());
  }

  #say({ lines }: Operation, { span, fault, failed }: { readonly span: Span; readonly fault: Fault | undefined; readonly failed: boolean }): void {
    const lost = fault?.kind === 'lost line of log' ? 1 : fault?.kind === 'silent errors' ? lines.length : 0;
    const extra = fault?.kind === 'new line of log' ? ['falling back to the copy of {}'] : failed || fault?.kind === 'silent errors' ? ['could not finish request {}'] : [];
    for (const line of [...lines.slice(0, lines.length - lost), ...extra]) {
      const body = line.replace(/\{\}/g, () => String(Math.floor(this.#random.next() * 1_000)));
      this.#logs.push({ traceId: span.traceId, spanId: span.spanId, timeNs: span.startNs, serviceName: span.serviceName, attributes: {}, severityNumber: 9, body });
    }
  }

  #nextId(): string {
    this.#ids += 1;
    return this.#ids.toString(36).padStart(5, '0');
  }
}

function parentOf({ parent }: Place): { readonly parent?: string } {
  return parent === undefined ? {} : { parent };
}

function pick<T>(random: RandomSource, from: readonly T[]): T {
  return from[Math.floor(random.next() * from.length)]!;
}
