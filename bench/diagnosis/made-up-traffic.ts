import { randomOf, type RandomSource } from '../../src/budget/random-source.js';
import type { LogLine, Traffic } from '../../src/diagnosis/culprit/traffic.js';
import { buildSpan } from '../../src/signature/span-builder.js';
import type { Attributes, Span } from '../../src/trace/span.js';
import type { Fault, FaultKind } from './made-up-fault.js';
import { between, pick, type Door, type Operation, type Pod, type Saying, type Service, type Step, type System } from './made-up-system.js';

/** What is so during one recording. */
export interface Conditions {
  readonly doors: readonly Door[];
  /** How much is asked of the system, 1 is usual. */
  readonly load: number;
  /** How much longer the work of each service takes than it did when the system was built. */
  readonly pace: ReadonlyMap<Service, number>;
  readonly fault?: Fault;
  /** Each service stands nearly still for a second or two, now and then. */
  readonly badMoments?: boolean;
}

interface Place {
  readonly trace: string;
  readonly parent: string | undefined;
  readonly startMs: number;
}

interface Answer {
  readonly endMs: number;
  readonly failed: boolean;
  /** It answered, but not what its caller can go on with. */
  readonly wrong: boolean;
}

interface Visit {
  readonly operation: Operation;
  readonly pod: Pod;
  readonly fault: Fault | undefined;
  readonly id: string;
  readonly trace: string;
}

/** Faults that end a request before its steps are done. */
const STOPPING: ReadonlySet<FaultKind> = new Set(['errors', 'errors of one operation', 'errors of one version', 'bad pod', 'silent errors']);
/** What is lost on the way is sent again after so long (the least retransmission timeout of Linux). */
const RETRANSMISSION_MS = 200;
/** A pod stands still (garbage collection, a neighbour) once in so long. */
const STALL_EVERY_MS = 60_000;
/** Something takes a whole service's time (a backup, a full collection, a neighbour): once in so long, for so long at most, and so much slower. */
const BAD_MOMENT = { everyMs: 120_000, lengthMs: 3_000, times: 20 };
const WORDS = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel', 'india', 'juliet', 'kilo', 'lima', 'mike', 'november', 'oscar', 'papa', 'quebec', 'romeo', 'sierra', 'tango'];
const MS_BETWEEN = 700;

/** Lets users ask a system for things and records what it would send. */
export class MadeUpTraffic {
  readonly #spans: Span[] = [];
  readonly #logs: LogLine[] = [];
  readonly #system: System;
  readonly #random: RandomSource;
  readonly #seed: number;
  readonly #conditions: Conditions;
  #ids = 0;

  constructor(system: System, seed: number, conditions: Conditions) {
    this.#system = system;
    this.#seed = seed;
    this.#random = randomOf(seed);
    this.#conditions = conditions;
  }

  requests(count: number): Traffic {
    const { doors, load } = this.#conditions;
    const total = doors.reduce((sum, { weight }) => sum + weight, 0);
    for (let index = 0; index < count; index += 1) {
      let left = this.#random.next() * total;
      const door = doors.find(({ weight }) => (left -= weight) < 0) ?? doors[0]!;
      this.#visit(door.operation, { trace: `${this.#seed}-${index}`, parent: undefined, startMs: ((index + this.#random.next()) * MS_BETWEEN) / load });
    }
    this.#sayOutsideOfRequests((count * MS_BETWEEN) / load);
    return { spans: this.#spans, logs: this.#logs };
  }

  #visit(operation: Operation, at: Place, kind: 'server' | 'consumer' = 'server'): Answer {
    const pod = pick(this.#random, operation.service.pods);
    const visit: Visit = { operation, pod, fault: this.#faultOf(operation, { pod, startMs: at.startMs }), id: this.#nextId(), trace: at.trace };
    const end = this.#work(visit, at.startMs);
    const { status, errorSpans } = this.#system.style;
    const version = visit.fault?.kind === 'errors of one version' ? '2.0' : pod.version;
    this.#spans.push(buildSpan({
      id: visit.id, ...parentOf(at), trace: at.trace, service: operation.service.name, name: operation.name, kind, status: end.failed && status ? 'error' : 'unset',
      startMs: at.startMs, durationMs: end.endMs - at.startMs, resource: { 'k8s.pod.name': pod.name, 'k8s.node.name': pod.node, 'service.version': version },
    }));
    if (end.failed && errorSpans) this.#inner(visit, 'ErrorController.error', { startMs: end.endMs - 1, endMs: end.endMs });
    this.#say(visit, { span: this.#spans.at(errorSpans && end.failed ? -2 : -1)!, failed: end.failed });
    return { ...end, wrong: visit.fault?.kind === 'wrong answers' };
  }

  /** Works, asks its database, calls others; what fails is cut short. */
  #work(visit: Visit, startMs: number): Omit<Answer, 'wrong'> {
    const { operation, fault } = visit;
    let now = this.#afterStalls(visit.pod, { startMs, workMs: this.#workMs(operation) * this.#badMoment(operation.service, startMs) + this.#delayMs(fault) });
    for (const name of operation.spans) this.#inner(visit, name, { startMs, endMs: now });
    if (this.#random.next() < operation.fails) return { endMs: now, failed: true };
    if (operation.queries) now = this.#query(visit, now);
    if (fault === undefined || !STOPPING.has(fault.kind)) return this.#steps(visit, now);
    const done = this.#steps(visit, now, Math.floor(fault.after * (operation.steps.length + 1)));
    return { endMs: done.endMs, failed: done.failed || fault.kind !== 'silent errors' };
  }

  /** As many of them as `most`. */
  #steps(visit: Visit, startMs: number, most = Infinity): Omit<Answer, 'wrong'> {
    const { operation, fault } = visit;
    const changed = operation.steps.findIndex(({ share, way }) => share === 1 && way === 'call');
    let [now, failed] = [startMs, false];
    for (const [index, step] of operation.steps.entries()) {
      if (index >= most) break;
      if (this.#random.next() >= step.share) continue;
      const isChanged = index === changed;
      if (isChanged && fault?.kind === 'missing call') continue;
      const taken = isChanged && fault?.kind === 'other call' ? { ...step, callees: [this.#another(step.callees[0]!)] } : step;
      const times = Math.ceil(taken.repeats * this.#random.next()) * (isChanged && fault?.kind === 'repeated call' ? 3 : 1);
      for (let time = 0; time < times && !failed; time += 1) {
        const answers = taken.callees.map((callee) => this.#call(visit, { step: taken, callee }, now));
        now = Math.max(...answers.map(({ endMs }) => endMs));
        failed = answers.some((answer) => answer.failed || answer.wrong);
      }
      if (failed) break;
    }
    return { endMs: now + 0.2, failed };
  }

  #another(callee: Operation): Operation {
    const others = this.#system.services.filter((service) => service !== callee.service && service.name !== 'edge').flatMap(({ operations }) => operations).filter(({ steps }) => steps.length === 0);
    return others[0] ?? callee;
  }

  #call(visit: Visit, { step, callee }: { readonly step: Step; readonly callee: Operation }, startMs: number): Answer {
    const answer = step.way === 'message' ? this.#send(visit, callee, startMs) : this.#ask(visit, callee, startMs);
    return answer.failed && step.retries && step.way === 'call' ? this.#ask(visit, callee, answer.endMs + 5) : answer;
  }

  #ask(visit: Visit, callee: Operation, startMs: number): Answer {
    const id = this.#system.style.clientSpans ? this.#nextId() : visit.id;
    const way = this.#wayMs(visit, callee, startMs);
    const answer = way.lost ? { endMs: startMs + way.ms, failed: true, wrong: false } : this.#visit(callee, { trace: visit.trace, parent: id, startMs: startMs + way.ms });
    const endMs = answer.endMs + 0.4;
    if (this.#system.style.clientSpans) this.#clientSpan(visit, callee, { id, startMs, endMs, failed: answer.failed });
    return { ...answer, endMs };
  }

  /** Nobody waits for the answer to a message. */
  #send(visit: Visit, callee: Operation, startMs: number): Answer {
    const id = this.#nextId();
    this.#spans.push(buildSpan({ id, parent: visit.id, trace: visit.trace, service: visit.operation.service.name, name: 'queue publish', kind: 'producer', startMs, durationMs: 0.5, resource: { 'k8s.pod.name': visit.pod.name } }));
    const way = this.#wayMs(visit, callee, startMs);
    if (!way.lost) this.#visit(callee, { trace: visit.trace, parent: id, startMs: startMs + way.ms + this.#queueMs(callee, startMs) }, 'consumer');
    return { endMs: startMs + 0.5, failed: false, wrong: false };
  }

  /** A queue from which less is taken than comes in grows, and with it the time that each message waits. */
  #queueMs(callee: Operation, sentMs: number): number {
    const usual = 20 * this.#random.next();
    const { fault } = this.#conditions;
    if (fault?.kind !== 'messages pile up' || fault.operation !== callee || sentMs < fault.fromMs) return usual;
    return usual + fault.extraMs + (sentMs - fault.fromMs) / 20;
  }

  #clientSpan(visit: Visit, callee: Operation, { id, startMs, endMs, failed }: { readonly id: string; readonly startMs: number; readonly endMs: number; readonly failed: boolean }): void {
    const { status, attributes } = this.#system.style;
    this.#spans.push(buildSpan({
      id, parent: visit.id, trace: visit.trace, service: visit.operation.service.name, name: callee.name.split(' ')[0]!, kind: 'client', status: failed && status ? 'error' : 'unset', startMs, durationMs: endMs - startMs,
      attributes: attributes ? { 'server.address': callee.service.name } : {}, resource: { 'k8s.pod.name': visit.pod.name },
    }));
  }

  /** What is lost on the way belongs to either end: a starved process sends and takes late too. */
  #wayMs(visit: Visit, callee: Operation, startMs: number): { readonly ms: number; readonly lost: boolean } {
    const usual = 0.4 + 0.4 * this.#random.next() + (this.#random.next() < 0.01 ? 40 * this.#random.next() : 0);
    const { fault } = this.#conditions;
    if (fault === undefined || startMs < fault.fromMs || (fault.service !== callee.service && (fault.service !== visit.operation.service || !ofPod(fault, visit.pod)))) return { ms: usual, lost: false };
    const isDown = fault.service === callee.service && (fault.kind === 'gone' || (fault.kind === 'restarting' && Math.floor((startMs - fault.fromMs) / 10_000) % 2 === 0));
    if (isDown) return { ms: usual, lost: true };
    switch (fault.kind) {
      case 'slow network': return { ms: usual + fault.extraMs * between(this.#random, 0.3, 0.6), lost: false };
      case 'starved of CPU':
      case 'starved pod': return { ms: usual + (this.#random.next() < fault.share / 3 ? between(this.#random, 20, 100) : 0), lost: false };
      case 'lossy network': return this.#random.next() < fault.share / 2 ? { ms: usual + RETRANSMISSION_MS, lost: this.#random.next() < 0.2 } : { ms: usual, lost: false };
      default: return { ms: usual, lost: false };
    }
  }

  #query({ operation, fault, id, trace, pod }: Visit, startMs: number): number {
    const durationMs = 0.5 + 3 * Math.exp(0.6 * this.#normal()) + (fault?.kind === 'slow database' ? fault.extraMs : 0);
    const attributes: Attributes = this.#system.style.attributes ? { 'db.system.name': 'postgresql', 'server.address': `${operation.service.name}-db` } : {};
    this.#spans.push(buildSpan({ id: this.#nextId(), parent: id, trace, service: operation.service.name, name: 'SELECT', kind: 'client', startMs, durationMs, attributes, resource: { 'k8s.pod.name': pod.name } }));
    return startMs + durationMs;
  }

  #inner({ operation, id, trace, pod }: Visit, name: string, { startMs, endMs }: { readonly startMs: number; readonly endMs: number }): void {
    this.#spans.push(buildSpan({ id: this.#nextId(), parent: id, trace, service: operation.service.name, name, startMs, durationMs: endMs - startMs, resource: { 'k8s.pod.name': pod.name } }));
  }

  #faultOf(operation: Operation, { pod, startMs }: { readonly pod: Pod; readonly startMs: number }): Fault | undefined {
    const { fault } = this.#conditions;
    if (fault?.service !== operation.service || startMs < fault.fromMs || !ofPod(fault, pod)) return undefined;
    if (fault.operation !== undefined && fault.operation !== operation) return undefined;
    return fault.pod !== undefined || this.#random.next() < fault.share ? fault : undefined;
  }

  /** A starved process waits for its next slice, or for several. */
  #delayMs(fault: Fault | undefined): number {
    if (fault?.kind === 'slow code') return fault.extraMs * between(this.#random, 0.5, 1.5);
    return fault?.kind === 'starved of CPU' || fault?.kind === 'starved pod' ? 100 * this.#random.next() * (1 + 2 * this.#random.next()) : 0;
  }

  /** Around the usual time by a log-normal factor, now and then many times as long. */
  #workMs({ service, workMs, spread }: Operation): number {
    const { load, pace } = this.#conditions;
    const usual = workMs * Math.exp(spread * this.#normal()) * (pace.get(service) ?? 1) * (1 + service.underLoad * Math.max(0, load - 1));
    return this.#random.next() < service.unrest ? usual * 5 * (1 - this.#random.next()) ** -0.7 : usual;
  }

  /** How many times as long its work takes just now. */
  #badMoment({ name }: Service, startMs: number): number {
    if (this.#conditions.badMoments !== true) return 1;
    const round = Math.floor(startMs / BAD_MOMENT.everyMs);
    const moment = this.#chanceOf(name, round);
    const beginMs = (round + 0.95 * moment.next()) * BAD_MOMENT.everyMs;
    return startMs >= beginMs && startMs < beginMs + BAD_MOMENT.lengthMs * moment.next() ? BAD_MOMENT.times : 1;
  }

  /** Of what befalls one service or pod in one stretch of time, whatever requests it has. */
  #chanceOf(name: string, round: number): RandomSource {
    return randomOf(this.#seed + 7 * round + 1_000 * Array.from(name).reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) % 65_521, 0));
  }

  #afterStalls({ name }: Pod, { startMs, workMs }: { readonly startMs: number; readonly workMs: number }): number {
    const round = Math.floor(startMs / STALL_EVERY_MS);
    const stall = this.#chanceOf(name, round);
    const beginMs = (round + 0.9 * stall.next()) * STALL_EVERY_MS;
    const endMs = beginMs + 300 * stall.next() ** 2;
    return startMs + workMs > beginMs && startMs < endMs ? Math.max(startMs, endMs) + workMs : startMs + workMs;
  }

  #normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#random.next())) * Math.cos(2 * Math.PI * this.#random.next());
  }

  #say({ operation, fault }: Visit, { span, failed }: { readonly span: Span; readonly failed: boolean }): void {
    const isLost = (index: number): boolean => fault?.kind === 'silent errors' || (fault?.kind === 'lost line of log' && index === 0);
    const said = operation.says.filter((saying, index) => !isLost(index) && this.#random.next() < this.#shareOf(saying)).map(({ template }) => template);
    if (fault?.kind === 'new line of log') said.push('falling back to the copy of {}');
    if (fault?.kind === 'wrong answers') said.push('no {w} for {}, sending an empty list');
    if (fault?.kind === 'silent errors') said.push('could not finish request {}');
    for (const template of said) this.#log(template, { span, severityNumber: 9 });
    if (failed) this.#log('request {} failed with an error', { span, severityNumber: 17 });
  }

  #shareOf({ share, underLoad }: Saying): number {
    return underLoad ? Math.min(1, share * this.#conditions.load ** 2) : share;
  }

  #log(template: string, { span, severityNumber }: { readonly span: Span; readonly severityNumber: number }): void {
    const { severity, json } = this.#system.style;
    const text = this.#filled(template);
    this.#logs.push({
      traceId: span.traceId, spanId: span.spanId, timeNs: span.startNs, serviceName: span.serviceName, attributes: {}, severityNumber: severity ? severityNumber : 0,
      body: json ? JSON.stringify({ time: span.startNs.toString(), message: text }) : text,
    });
  }

  #filled(template: string): string {
    return template.replace(/\{\}/g, () => String(Math.floor(this.#random.next() * 1_000))).replace(/\{w\}/g, () => pick(this.#random, WORDS));
  }

  /** Timers, health checks and pools have lines of their own. */
  #sayOutsideOfRequests(lengthMs: number): void {
    for (const { name } of this.#system.services) {
      for (let atMs = 10_000 * this.#random.next(); atMs < lengthMs; atMs += 10_000 + 5_000 * this.#random.next()) {
        const timeNs = BigInt(Math.round(atMs * 1e6));
        this.#logs.push({ traceId: '', spanId: '', timeNs, serviceName: name, attributes: {}, severityNumber: this.#system.style.severity ? 9 : 0, body: this.#filled(this.#random.next() < 0.8 ? 'pool has {} of {}' : 'evicted {} entries') });
      }
    }
  }

  #nextId(): string {
    this.#ids += 1;
    return this.#ids.toString(36).padStart(5, '0');
  }
}

function ofPod(fault: Fault, pod: Pod): boolean {
  return fault.pod === undefined || fault.pod === pod;
}

function parentOf({ parent }: Place): { readonly parent?: string } {
  return parent === undefined ? {} : { parent };
}
