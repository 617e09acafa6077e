import { readAgentConfig } from '../../agent/config/agent-config.js';
import type { AgentPolicy } from '../../agent/agent-policy.js';
import { FrameReader } from '../../agent/frames.js';
import { Ripening } from '../../agent/ripening.js';
import type { Redactor } from '../../agent/redaction.js';
import { SpanBatch } from '../../agent/span-batch.js';
import { Teller } from '../../agent/teller.js';
import { Tracer } from '../../agent/tracer.js';
import { clockFrame } from './frames.js';
import { toldSpans, type ToldSpan } from './told-spans.js';

export const NOTHING_TO_HIDE: Redactor = { attributes: (attributes) => ({ attributes, count: 0 }), foreign: (attributes) => ({ attributes, count: 0 }), text: (text) => text };
const RECEIVED_MS = 1_001;
export const DEFAULT_POLICY = readAgentConfig(undefined).config!.policy;

/** The agent without its processes: frames in, spans out. */
export class AgentBench {
  readonly commands: string[] = [];
  readonly tracer: Tracer;
  readonly #reader: FrameReader;
  readonly #redactor: Redactor;
  readonly #batch = new SpanBatch();
  readonly #ripening: Ripening;
  #teller: Teller;
  #policy: AgentPolicy;
  #ids = 0;

  constructor(policy: Partial<AgentPolicy> = {}, redactor = NOTHING_TO_HIDE) {
    this.#redactor = redactor;
    this.#policy = { ...DEFAULT_POLICY, ...policy };
    this.tracer = new Tracer(this.#policy, { newSpanId: () => this.#id(16), command: (line) => this.commands.push(line), finished: (node) => this.#ripening.finished(node) });
    this.#ripening = new Ripening({ isSettled: (node) => this.#teller.isSettled(node), tell: (node) => this.#teller.tell(node, this.#batch), counters: this.tracer.counters });
    this.#reader = new FrameReader(this.tracer);
    this.#teller = this.#newTeller();
    this.push(clockFrame(0, 1_000_000_000));
  }

  push(...frames: Buffer[]): this {
    this.#reader.push(Buffer.concat(frames));
    return this;
  }

  /** What can be told at once. */
  spansAtOnce(): ToldSpan[] {
    return toldSpans(this.#batch.take().body, RECEIVED_MS);
  }

  spans(): ToldSpan[] {
    this.#ripen();
    return this.spansAtOnce();
  }

  /** The same as a request to the receiver. */
  request(): ReturnType<SpanBatch['take']> {
    this.#ripen();
    return this.#batch.take();
  }

  #ripen(): void {
    this.#ripening.pass();
    this.#ripening.pass();
  }

  /** As a reload does. */
  use(policy: Partial<AgentPolicy>): this {
    this.#policy = { ...DEFAULT_POLICY, ...policy };
    this.tracer.usePolicy(this.#policy);
    this.#teller = this.#newTeller();
    return this;
  }

  #newTeller(): Teller {
    const host = { name: 'node-1', id: undefined, arch: 'amd64', agentVersion: '0.1.0' };
    return new Teller(this.tracer, { host, policy: this.#policy, ports: { newTraceId: () => this.#id(32), redactor: this.#redactor } });
  }

  #id(length: number): string {
    this.#ids += 1;
    return this.#ids.toString(16).padStart(length, '0');
  }
}
