import type { AgentCounters } from './agent-counters.js';
import type { OutboxCounters } from './otlp/outbox.js';
import { ProtobufWriter, wideOf, type Wide } from './otlp/protobuf-writer.js';
import { writeAttribute } from './otlp/write-attribute.js';
import type { ResourceHead } from './span-batch.js';

/** docs/agent.md, "What the agent lost": whoever reads these records goes by that name. */
export const LOSS_EVENT = 'tocsin.agent.losses';

type Numbers = Readonly<Record<string, number>>;

/** Everything since the agent's start; none of it ever falls. */
export interface LossTotals {
  readonly begunSpans: number;
  readonly deliveredSpans: number;
  readonly readEvents: number;
  readonly unseenBytes: number;
  /** Spans that began and never arrived, by why. */
  readonly lostSpans: Numbers;
  /** Events of the kernel that the parser never got, by why. */
  readonly lostEvents: Numbers;
  /** Calls whose bytes are counted but were not read, by why. */
  readonly unreadCalls: Numbers;
  /** How often there was no more room to follow something, by what. */
  readonly limitsHit: Numbers;
}

/** The loader's names (agent/PROTOCOL.md, LOSS) of events that are gone, and of calls without content. */
const EVENT_REASONS = { ringFull: 'ring_full', state: 'no_state', queueFull: 'queue_full', missedRuns: 'missed_runs' } as const;
const CALL_REASONS = {
  unreadable: 'unreadable', order: 'order', noBuffer: 'no_buffer', vector: 'vector', unknownCall: 'unknown_call', ioUring: 'io_uring',
  tlsUnjoined: 'tls_unjoined', tlsUnreadable: 'tls_unreadable', tlsLength: 'tls_length',
} as const;
const LIMIT_REASONS = { librariesFull: 'libraries', excludedFull: 'exclusions', programsFull: 'programs', processesFull: 'processes', factsFull: 'facts' } as const;

export interface LossSources {
  readonly counters: AgentCounters;
  readonly outbox: OutboxCounters;
  /** The last LOSS frame. */
  readonly losses: unknown;
  /** At the end: spans that nobody will send any more. */
  readonly unsentSpans: number;
}

export function lossTotals({ counters, outbox, losses, unsentSpans }: LossSources): LossTotals {
  const told = toldLosses(losses);
  const named = (names: Readonly<Record<string, string>>): Numbers => Object.fromEntries(Object.entries(names).map(([key, name]) => [name, told(key)]));
  return {
    begunSpans: counters.begun, deliveredSpans: outbox.sentSpans, readEvents: counters.dataFrames, unseenBytes: told('unseenBytes'),
    lostSpans: {
      hole: counters.abandonedHole, not_understood: counters.abandonedNotTheProtocol, parser_limit: counters.abandonedLimit, forgotten: counters.forgotten,
      buffer_full: outbox.overflownSpans, refused: outbox.refusedSpans, rejected: outbox.rejectedSpans, unsent: unsentSpans,
    },
    lostEvents: { ...named(EVENT_REASONS), unknown_connection: counters.unknownConnection },
    unreadCalls: named(CALL_REASONS),
    limitsHit: { ...named(LIMIT_REASONS), connections: counters.connectionLimit, held_bytes: counters.memoryLimit, names: counters.processLimit, parents: counters.parentLimit, statements: counters.statementLimit },
  };
}

/** Events that the kernel or the loader dropped, whatever they were about. `losses`: a LOSS frame. */
export function countLostEvents(losses: unknown): number {
  const told = toldLosses(losses);
  return Object.keys(EVENT_REASONS).reduce((sum, name) => sum + told(name), 0);
}

/** The sum of a counter over all CPUs, or the loader's own. */
function toldLosses(losses: unknown): (name: string) => number {
  const { cpus = [], loader = {} } = (losses ?? {}) as { readonly cpus?: readonly Numbers[]; readonly loader?: Numbers };
  return (name) => [...cpus, loader].reduce((sum, counts) => sum + (counts[name] ?? 0), 0);
}

const NOTHING_YET: LossTotals = { begunSpans: 0, deliveredSpans: 0, readEvents: 0, unseenBytes: 0, lostSpans: {}, lostEvents: {}, unreadCalls: {}, limitsHit: {} };

interface Pending {
  readonly body: Buffer;
  readonly totals: LossTotals;
  readonly atMs: number;
}

/**
 * Records of what was lost, each since the one before that was delivered: a record that does not arrive is sent again as it is, and what
 * happens meanwhile is in the next one. So their sum is right whenever the receiver is back, also after hours.
 */
export class LossReport {
  readonly #head: ResourceHead;
  readonly #writer = new ProtobufWriter(2_048);
  #delivered: { readonly totals: LossTotals; readonly atMs: number };
  #pending: Pending | undefined;

  constructor(head: ResourceHead, startMs: number) {
    this.#head = head;
    this.#delivered = { totals: NOTHING_YET, atMs: startMs };
  }

  /** The request to send now: an ExportLogsServiceRequest (opentelemetry-proto 1.x, collector/logs/v1). */
  next(totals: LossTotals, nowMs: number): Buffer {
    this.#pending ??= { body: this.#write(sinceThen(totals, this.#delivered.totals), { fromMs: this.#delivered.atMs, nowMs }), totals, atMs: nowMs };
    return this.#pending.body;
  }

  /** A record that did not arrive yet: `next` gives that one. */
  get isPending(): boolean {
    return this.#pending !== undefined;
  }

  /** The request of `next` has arrived. */
  arrived(): void {
    this.#delivered = this.#pending ?? this.#delivered;
    this.#pending = undefined;
  }

  #write(since: LossTotals, { fromMs, nowMs }: { readonly fromMs: number; readonly nowMs: number }): Buffer {
    const writer = this.#writer;
    const lost = { spans: sumOf(since.lostSpans), events: sumOf(since.lostEvents), calls: sumOf(since.unreadCalls), limits: sumOf(since.limitsHit) };
    const hasLost = hasTrouble(lost);
    const resource = writer.open(1);
    writer.raw(this.#head.resource);
    const scope = writer.open(2);
    writer.raw(this.#head.scope);
    const record = writer.open(2);
    writer.fixed64(1, wideOfMs(nowMs), 0);
    writer.varint(2, hasLost ? WARN : INFO);
    writer.text(3, hasLost ? 'WARN' : 'INFO');
    const body = writer.open(5);
    writer.text(1, inWords(since, lost));
    writer.close(body);
    for (const pair of attributesOf(since, { lost, periodMs: nowMs - fromMs })) writeAttribute(writer, LOG_ATTRIBUTES, pair);
    writer.fixed64(11, wideOfMs(nowMs), 0);
    writer.text(12, LOSS_EVENT);
    writer.close(record);
    writer.close(scope);
    writer.close(resource);
    return writer.take();
  }
}

const LOG_ATTRIBUTES = 6;
/** OTLP's severity numbers. */
const INFO = 9;
const WARN = 13;

interface Sums {
  readonly spans: number;
  readonly events: number;
  readonly calls: number;
  readonly limits: number;
}

/** What a limit leaves out is not known in spans, but it is not seen either. */
function hasTrouble({ spans, events, limits }: Sums): boolean {
  return spans + events + limits > 0;
}

function attributesOf(since: LossTotals, { lost, periodMs }: { readonly lost: Sums; readonly periodMs: number }): [string, number][] {
  return [
    ['tocsin.agent.period_ms', periodMs],
    ['tocsin.agent.spans.begun', since.begunSpans], ['tocsin.agent.spans.delivered', since.deliveredSpans], ['tocsin.agent.spans.lost', lost.spans],
    ...byReason('tocsin.agent.spans.lost_by', since.lostSpans),
    ['tocsin.agent.events.read', since.readEvents], ['tocsin.agent.events.lost', lost.events],
    ...byReason('tocsin.agent.events.lost_by', since.lostEvents),
    ['tocsin.agent.calls.unread', lost.calls],
    ...byReason('tocsin.agent.calls.unread_by', since.unreadCalls),
    ['tocsin.agent.limits.hit', lost.limits],
    ...byReason('tocsin.agent.limits.hit_by', since.limitsHit),
    ['tocsin.agent.bytes.unseen', since.unseenBytes],
  ];
}

/** Reasons that did not occur are left out. */
function byReason(prefix: string, counts: Numbers): [string, number][] {
  return Object.entries(counts).flatMap(([reason, count]): [string, number][] => (count === 0 ? [] : [[`${prefix}.${reason}`, count]]));
}

function inWords({ deliveredSpans, lostSpans, lostEvents, limitsHit }: LossTotals, lost: Sums): string {
  const delivered = `${deliveredSpans} spans delivered`;
  if (!hasTrouble(lost)) return `the agent lost nothing, ${delivered}`;
  const reasons = [...byReason('spans', lostSpans), ...byReason('events', lostEvents), ...byReason('limits', limitsHit)].map(([name, count]) => `${name.replace('.', ' ')} ${count}`);
  const limits = lost.limits === 0 ? '' : ` and was at its limits ${lost.limits} times`;
  return `the agent lost ${lost.spans} spans and ${lost.events} events of the kernel${limits}, ${delivered}: ${reasons.join(', ')}`;
}

function sinceThen(now: LossTotals, then: LossTotals): LossTotals {
  const difference = (after: Numbers, before: Numbers): Numbers => Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]));
  return {
    begunSpans: now.begunSpans - then.begunSpans, deliveredSpans: now.deliveredSpans - then.deliveredSpans, readEvents: now.readEvents - then.readEvents, unseenBytes: now.unseenBytes - then.unseenBytes,
    lostSpans: difference(now.lostSpans, then.lostSpans), lostEvents: difference(now.lostEvents, then.lostEvents), unreadCalls: difference(now.unreadCalls, then.unreadCalls), limitsHit: difference(now.limitsHit, then.limitsHit),
  };
}

function sumOf(counts: Numbers): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function wideOfMs(ms: number): Wide {
  return wideOf(BigInt(Math.floor(ms)) * 1_000_000n);
}
