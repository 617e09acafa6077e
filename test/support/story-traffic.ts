import { randomOf, type RandomSource } from '../../src/budget/random-source.js';
import { buildSpan } from '../../src/signature/span-builder.js';
import type { Attributes, Span } from '../../src/trace/span.js';
import type { LogLine, Traffic } from '../../src/diagnosis/culprit/traffic.js';

/** A service of a made-up system: what one of its requests does. */
export interface ServiceStory {
  readonly name: string;
  readonly operation: string;
  readonly workMs: number;
  readonly calls: readonly string[];
  readonly says: readonly string[];
}

/** What goes wrong in one service; shares are of its requests. */
export interface FaultStory {
  readonly service: string;
  readonly share?: number;
  readonly fails?: boolean;
  readonly extraMs?: number;
  /** Time lost on the way into and out of the service. */
  readonly networkMs?: number;
  readonly drops?: string;
  readonly says?: string;
  readonly silent?: boolean;
  readonly gone?: boolean;
  readonly onPods?: readonly string[];
}

export interface TrafficStory {
  readonly services: readonly ServiceStory[];
  readonly root: string;
  readonly requests: number;
  readonly seed: number;
  readonly fault?: FaultStory;
  /** Lines of log carry a severity. */
  readonly severity?: boolean;
  /** Of each service; two where it does not say. */
  readonly pods?: number;
  /** What else than its name is known of a pod. */
  readonly about?: (pod: string) => Attributes;
}

export const SHOP: readonly ServiceStory[] = [
  { name: 'front', operation: 'GET /page', workMs: 3, calls: ['cart', 'search'], says: ['page for user 17 rendered'] },
  { name: 'cart', operation: 'GET /cart', workMs: 4, calls: ['stock', 'price'], says: ['cart 4711 loaded with 3 items'] },
  { name: 'search', operation: 'GET /search', workMs: 8, calls: ['stock'], says: ['query took 12 ms'] },
  { name: 'stock', operation: 'GET /stock/{id}', workMs: 2, calls: [], says: ['stock of item 99 is 5'] },
  { name: 'price', operation: 'GET /price/{id}', workMs: 2, calls: ['tax'], says: ['price of item 99 computed'] },
  { name: 'tax', operation: 'GET /tax/{country}', workMs: 1, calls: [], says: ['rate found for country 49'] },
];

export function tell(story: TrafficStory): Traffic {
  const teller = new Teller(story);
  for (let index = 0; index < story.requests; index += 1) teller.request(index);
  return { spans: teller.spans, logs: teller.logs };
}

class Teller {
  readonly spans: Span[] = [];
  readonly logs: LogLine[] = [];
  readonly #story: TrafficStory;
  readonly #random: RandomSource;
  readonly #services: ReadonlyMap<string, ServiceStory>;
  #ids = 0;

  constructor(story: TrafficStory) {
    this.#story = story;
    this.#random = randomOf(story.seed);
    this.#services = new Map(story.services.map((service) => [service.name, service]));
  }

  request(index: number): void {
    this.#visit(this.#story.root, { trace: `t${this.#story.seed}-${index}`, parent: undefined, startMs: index * 1_000 });
  }

  /** Returns when it ended and whether it failed. */
  #visit(name: string, at: { readonly trace: string; readonly parent: string | undefined; readonly startMs: number }): { readonly endMs: number; readonly failed: boolean } {
    const service = this.#services.get(name)!;
    const pod = `${name}-${'abc'[Math.floor(this.#random.next() * (this.#story.pods ?? 2))]}`;
    const fault = this.#faultOf(name, pod);
    const id = this.#nextId();
    let now = at.startMs + this.#jitter(service.workMs) + (fault?.extraMs ?? 0);
    let failed = fault?.fails === true;
    for (const callee of failed ? [] : service.calls) {
      if (fault?.drops === callee) continue;
      const call = this.#call(callee, { ...at, parent: id, service: name, startMs: now });
      now = call.endMs;
      failed ||= call.failed;
    }
    const says = [...(fault?.silent === true ? [] : service.says), ...(fault?.says === undefined ? [] : [fault.says]), ...(failed ? ['request failed with an error'] : [])];
    const span = { id, parent: at.parent, trace: at.trace, service: name, name: service.operation, kind: 'server', startMs: at.startMs, durationMs: now - at.startMs } as const;
    this.spans.push(buildSpan({ ...span, status: failed && this.#story.severity !== false ? 'error' : 'unset', resource: { 'k8s.pod.name': pod, ...this.#story.about?.(pod) } }));
    for (const body of says) this.#log(body, { span: this.spans.at(-1)!, isError: body.includes('error') });
    return { endMs: now, failed };
  }

  #call(callee: string, at: { readonly trace: string; readonly parent: string; readonly service: string; readonly startMs: number }): { readonly endMs: number; readonly failed: boolean } {
    const { fault } = this.#story;
    const id = this.#nextId();
    const wayMs = 0.5 + 0.2 * this.#random.next() + (fault?.networkMs !== undefined && [at.service, callee].includes(fault.service) ? fault.networkMs : 0);
    const isGone = fault?.gone === true && fault.service === callee;
    const answer = isGone ? { endMs: at.startMs + wayMs, failed: true } : this.#visit(callee, { trace: at.trace, parent: id, startMs: at.startMs + wayMs });
    const endMs = answer.endMs + wayMs;
    this.spans.push(buildSpan({ id, parent: at.parent, trace: at.trace, service: at.service, name: 'GET', kind: 'client', status: answer.failed ? 'error' : 'unset', startMs: at.startMs, durationMs: endMs - at.startMs }));
    return { endMs, failed: answer.failed };
  }

  #faultOf(name: string, pod: string): FaultStory | undefined {
    const { fault } = this.#story;
    if (fault?.service !== name || fault.onPods?.includes(pod) === false) return undefined;
    return this.#random.next() < (fault.share ?? 1) ? fault : undefined;
  }

  #log(body: string, { span, isError }: { readonly span: Span; readonly isError: boolean }): void {
    const attributes: Attributes = {};
    this.logs.push({
      traceId: span.traceId, spanId: span.spanId, timeNs: span.startNs, serviceName: span.serviceName, attributes,
      severityNumber: this.#story.severity === false ? 0 : isError ? 17 : 9, body: body.replace(/\d+/g, () => String(Math.floor(this.#random.next() * 1_000))),
    });
  }

  #jitter(meanMs: number): number {
    return meanMs * Math.exp(0.2 * (this.#random.next() + this.#random.next() + this.#random.next() - 1.5));
  }

  #nextId(): string {
    this.#ids += 1;
    return this.#ids.toString(36).padStart(5, '0');
  }
}
