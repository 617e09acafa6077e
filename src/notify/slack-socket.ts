import { WebSocket, type RawData } from 'ws';
import { MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import type { SlackAnswer } from './slack-api.js';
import { pressOf, type Press } from './slack-press.js';
import { SYSTEM_TIMER, type Timer } from './system-timer.js';

/** Waits after connections that did not come about, or broke: half of it by chance, so that not all come back at once. */
const BACKOFF_FIRST_MS = SECOND_MS;
const BACKOFF_MAX_MS = MINUTE_MS;
/** A connection is replaced so long before Slack ends it. */
const REFRESH_BEFORE_MS = MINUTE_MS;
/** Slack says hello at once, or never. */
const HELLO_WITHIN_MS = 15 * SECOND_MS;
/** A line that is dead says nothing: asked this often, it must have said something since. */
const PING_EVERY_MS = 20 * SECOND_MS;
/** What came on the old connection while the new one was made is still answered there. */
const DRAIN_MS = 5 * SECOND_MS;
const MESSAGE_MAX_BYTES = 1 << 20;
/** Envelopes that are remembered, for Slack sends again what it does not know to have arrived. */
const REMEMBERED_MAX = 1_000;

export interface SlackSocketOptions {
  /** `apps.connections.open` with the app's own token. */
  readonly open: () => Promise<SlackAnswer>;
  /** Whether the API itself is spoken to without TLS: a stand-in. Then its sockets may be, too. */
  readonly isPlain: boolean;
  readonly onPress: (press: Press) => void;
  readonly onTrouble: (trouble: { readonly reason: string; readonly isFinal: boolean }) => void;
  readonly timer?: Timer;
  readonly random?: () => number;
  readonly backoffFirstMs?: number;
}

/**
 * Socket Mode: Slack's news over a connection that Tocsin makes, for those who have no address that Slack could reach. One connection is
 * in use; before it ends, another one takes its place.
 */
export class SlackSocket {
  readonly #options: Required<Pick<SlackSocketOptions, 'timer' | 'random' | 'backoffFirstMs'>> & SlackSocketOptions;
  readonly #seen = new Set<string>();
  readonly #connections = new Set<Connection>();
  #current: Connection | undefined;
  #opening = false;
  #failures = 0;
  #stopped = true;
  #cancelWait: () => void = () => undefined;
  #cancelRefresh: () => void = () => undefined;

  constructor(options: SlackSocketOptions) {
    this.#options = { timer: SYSTEM_TIMER, random: Math.random, backoffFirstMs: BACKOFF_FIRST_MS, ...options };
  }

  get isConnected(): boolean {
    return this.#current !== undefined;
  }

  /** Begins, and keeps at it until `stop`. */
  start(): void {
    this.#stopped = false;
    void this.#open();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelWait();
    this.#cancelRefresh();
    for (const connection of this.#connections) connection.end();
  }

  async #open(): Promise<void> {
    if (this.#opening || this.#stopped) return;
    this.#opening = true;
    this.#cancelWait();
    this.#cancelRefresh();
    const answer = await this.#options.open();
    const named = answer.ok ? answer.body['url'] : undefined;
    const url = typeof named === 'string' ? named : '';
    if (this.#stopped) return;
    if (!answer.ok) this.#retry(reasonOf(answer.failure), answer.failure.kind === 'rate-limited' ? answer.failure.retryAfterMs : answer.failure.kind === 'refused' ? BACKOFF_MAX_MS : 0);
    else if (!/^wss:\/\//.test(url) && !(this.#options.isPlain && /^ws:\/\//.test(url))) this.#retry('Slack named no address for the connection', BACKOFF_MAX_MS);
    else this.#connect(url);
  }

  #connect(url: string): void {
    const connection: Connection = new Connection(url, this.#options.timer, {
      onHello: (aliveMs) => { this.#takeOver(connection, aliveMs); },
      onEnvelope: (envelope) => { this.#take(envelope); },
      onReplace: () => { void this.#open(); },
      onClose: (reason) => { this.#closed(connection, reason); },
    });
    this.#connections.add(connection);
  }

  #takeOver(connection: Connection, aliveMs: number | undefined): void {
    const before = this.#current;
    this.#current = connection;
    this.#opening = false;
    this.#failures = 0;
    before?.endAfter(DRAIN_MS);
    if (aliveMs !== undefined) this.#cancelRefresh = this.#options.timer.after(Math.max(aliveMs - REFRESH_BEFORE_MS, REFRESH_BEFORE_MS), () => { void this.#open(); });
  }

  #closed(connection: Connection, reason: string): void {
    this.#connections.delete(connection);
    const wasOpening = !connection.saidHello;
    if (this.#current === connection) this.#current = undefined;
    if (this.#stopped || (this.#current !== undefined && !wasOpening)) return;
    if (wasOpening || !this.#opening) this.#retry(reason, 0);
  }

  #retry(reason: string, atLeastMs: number): void {
    this.#opening = false;
    this.#failures += 1;
    const { timer, random, backoffFirstMs, onTrouble } = this.#options;
    const backoffMs = Math.min(BACKOFF_MAX_MS, backoffFirstMs * 2 ** Math.min(this.#failures - 1, 10)) * (0.5 + random() / 2);
    onTrouble({ reason, isFinal: atLeastMs === BACKOFF_MAX_MS });
    this.#cancelWait();
    this.#cancelWait = timer.after(Math.max(backoffMs, atLeastMs), () => { void this.#open(); });
  }

  #take({ id, payload }: Envelope): void {
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    if (this.#seen.size > REMEMBERED_MAX) this.#seen.delete(this.#seen.values().next().value ?? '');
    const press = pressOf(payload);
    if (press !== undefined) this.#options.onPress(press);
  }
}

function reasonOf(failure: Extract<SlackAnswer, { ok: false }>['failure']): string {
  switch (failure.kind) {
    case 'refused': return `Slack refuses the connection: ${failure.error}`;
    case 'rate-limited': return 'Slack limits the rate of connections';
    case 'unreachable': return failure.reason;
  }
}

interface Envelope {
  readonly id: string;
  readonly payload: unknown;
}

interface ConnectionEvents {
  onHello(aliveMs: number | undefined): void;
  onEnvelope(envelope: Envelope): void;
  /** Slack asks for another one in its place. */
  onReplace(): void;
  onClose(reason: string): void;
}

/** One WebSocket: greets, answers, and notices when the line is dead. */
class Connection {
  readonly #socket: WebSocket;
  readonly #timer: Timer;
  readonly #events: ConnectionEvents;
  #heard = true;
  #reason = '';
  #cancelPing: () => void = () => undefined;
  #cancelEnd: () => void = () => undefined;
  saidHello = false;

  constructor(url: string, timer: Timer, events: ConnectionEvents) {
    this.#timer = timer;
    this.#events = events;
    this.#socket = new WebSocket(url, { handshakeTimeout: HELLO_WITHIN_MS, maxPayload: MESSAGE_MAX_BYTES, perMessageDeflate: false, followRedirects: false });
    this.#cancelEnd = timer.after(HELLO_WITHIN_MS, () => { this.#fail('Slack did not say hello'); });
    this.#socket.on('message', (data) => { this.#take(data); });
    for (const sign of ['ping', 'pong', 'open'] as const) this.#socket.on(sign, () => { this.#heard = true; });
    this.#socket.on('error', (error) => { this.#reason ||= `the connection to Slack broke: ${error.message}`; });
    this.#socket.on('close', (code) => { this.#close(code); });
  }

  end(): void {
    this.#socket.close(1_000);
    this.#cancelEnd();
    // Who does not answer a farewell is cut off.
    this.#cancelEnd = this.#timer.after(DRAIN_MS, () => { this.#socket.terminate(); });
  }

  endAfter(delayMs: number): void {
    this.#cancelEnd();
    this.#cancelEnd = this.#timer.after(delayMs, () => { this.end(); });
  }

  #take(data: RawData): void {
    this.#heard = true;
    const message = messageOf(data);
    if (message === undefined) return;
    // Answered before anything is done: Slack waits three seconds.
    if (typeof message.envelope_id === 'string') this.#socket.send(JSON.stringify({ envelope_id: message.envelope_id }));
    switch (message.type) {
      case 'hello': this.#hello(message); break;
      case 'disconnect': this.#events.onReplace(); break;
      case 'interactive': if (typeof message.envelope_id === 'string') this.#events.onEnvelope({ id: message.envelope_id, payload: message.payload }); break;
      default: break;
    }
  }

  #hello({ debug_info: info }: SocketMessage): void {
    if (this.saidHello) return;
    this.saidHello = true;
    this.#cancelEnd();
    this.#watch();
    const seconds = info?.approximate_connection_time;
    this.#events.onHello(typeof seconds === 'number' && seconds > 0 ? seconds * SECOND_MS : undefined);
  }

  #watch(): void {
    this.#cancelPing = this.#timer.after(PING_EVERY_MS, () => {
      if (!this.#heard) { this.#fail('the connection to Slack is dead'); return; }
      this.#heard = false;
      this.#socket.ping();
      this.#watch();
    });
  }

  #fail(reason: string): void {
    this.#reason ||= reason;
    this.#socket.terminate();
  }

  #close(code: number): void {
    this.#cancelPing();
    this.#cancelEnd();
    this.#events.onClose(this.#reason === '' ? `Slack closed the connection (${String(code)})` : this.#reason);
  }
}

interface SocketMessage {
  readonly type?: unknown;
  readonly envelope_id?: unknown;
  readonly payload?: unknown;
  readonly debug_info?: { readonly approximate_connection_time?: unknown };
}

function messageOf(data: RawData): SocketMessage | undefined {
  try {
    const message: unknown = JSON.parse(textOf(data));
    return typeof message === 'object' && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return data instanceof ArrayBuffer ? Buffer.from(data).toString('utf8') : data.toString('utf8');
}
