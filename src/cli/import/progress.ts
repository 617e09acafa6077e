import type { ExportOutcome } from '../../ingest/absorber.js';
import { count } from '../command.js';
import type { FileRequest } from './otlp-files.js';
import type { EventTimes } from './request-contents.js';

export interface ImportSummary {
  readonly requests: number;
  /** New spans and log records. */
  readonly spans: number;
  readonly logs: number;
  readonly rejected: number;
  readonly deduplicated: number;
  /** Requests or lines that could not be read at all. */
  readonly failed: number;
  readonly tookMs: number;
  /** Event times of what was read, stored before or not. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly traceId: string | undefined;
  /** The first few complaints, each with its file and line. */
  readonly messages: readonly string[];
}

const MESSAGES_MAX = 20;
const LINE_EVERY_MS = 5_000;
const BAR_EVERY_MS = 100;
const BAR_WIDTH = 30;

/** Counts, and shows a bar on a terminal and plain lines elsewhere. */
export class ImportProgress {
  readonly #totalBytes: number;
  readonly #startedMs = Date.now();
  readonly #messages: string[] = [];
  readonly #stored = { traces: 0, logs: 0 };
  #doneBytes = 0;
  #requests = 0;
  #rejected = 0;
  #deduplicated = 0;
  #failed = 0;
  #shownMs = Date.now();
  #times: EventTimes | undefined;

  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes;
  }

  absorbed(request: FileRequest, outcome: Exclude<ExportOutcome, { kind: 'busy' }>, times: EventTimes | undefined): void {
    this.#requests += 1;
    const at = `${request.file}:${request.line}`;
    if (outcome.kind === 'malformed') {
      this.unreadable(`${at}: ${outcome.message}`);
    } else {
      this.#stored[request.signal] += outcome.admitted;
      this.#rejected += outcome.rejected;
      this.#deduplicated += outcome.deduplicated;
      if (times !== undefined) this.#times = this.#times === undefined ? times : widest(this.#times, times);
      if (outcome.message !== '') this.#say(`${at}: ${outcome.message}`);
    }
    this.#show();
  }

  unreadable(message: string): void {
    this.#failed += 1;
    this.#say(message);
  }

  fileDone(bytes: number): void {
    this.#doneBytes += bytes;
    this.#show();
  }

  finish(): ImportSummary {
    const iso = (timeMs: number | undefined): string | undefined => (timeMs === undefined ? undefined : new Date(timeMs).toISOString());
    return {
      requests: this.#requests, spans: this.#stored.traces, logs: this.#stored.logs, rejected: this.#rejected, deduplicated: this.#deduplicated,
      failed: this.#failed, tookMs: Date.now() - this.#startedMs,
      from: iso(this.#times?.firstMs), to: iso(this.#times?.lastMs), traceId: this.#times?.traceId, messages: this.#messages,
    };
  }

  /** Takes the bar off the terminal. */
  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }

  #say(message: string): void {
    if (this.#messages.length < MESSAGES_MAX) this.#messages.push(message);
  }

  #show(): void {
    const nowMs = Date.now();
    if (nowMs - this.#shownMs < (process.stderr.isTTY ? BAR_EVERY_MS : LINE_EVERY_MS)) return;
    this.#shownMs = nowMs;
    const share = this.#totalBytes === 0 ? 1 : this.#doneBytes / this.#totalBytes;
    const words = `${this.#stored.traces} spans, ${this.#stored.logs} log records from ${count(this.#requests, 'request')}`;
    if (!process.stderr.isTTY) process.stderr.write(`importing: ${words}\n`);
    else process.stderr.write(`\r\x1b[K[${'#'.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH)}] ${words}`);
  }
}

function widest(left: EventTimes, right: EventTimes): EventTimes {
  return { firstMs: Math.min(left.firstMs, right.firstMs), lastMs: Math.max(left.lastMs, right.lastMs), traceId: left.traceId ?? right.traceId };
}

export function summaryOf(summary: ImportSummary, target: string): string {
  const seconds = Math.max(summary.tookMs, 1) / 1_000;
  const parts = [`${count(summary.spans, 'span')} and ${count(summary.logs, 'log record')} from ${count(summary.requests, 'request')} imported into ${target} in ${seconds.toFixed(1)} s`];
  if (summary.deduplicated > 0) parts.push(`${summary.deduplicated} were there already`);
  if (summary.rejected > 0) parts.push(`${summary.rejected} rejected`);
  if (summary.failed > 0) parts.push(`${count(summary.failed, 'request')} could not be read`);
  return `${parts.join('; ')}.`;
}

/** The longest range that the search takes in `from` and `to`. */
const MAX_SEARCH_RANGE_MS = 90 * 86_400_000;

/** Path of the search that shows what was imported: it may be years old, and the search looks at the last hour by itself. */
export function searchPathOf({ from, to }: Pick<ImportSummary, 'from' | 'to'>): string | undefined {
  if (from === undefined || to === undefined) return undefined;
  const fromMs = Math.floor(Date.parse(from) / 1_000) * 1_000;
  const toMs = Math.floor(Date.parse(to) / 1_000) * 1_000 + 1_000;
  if (toMs - fromMs > MAX_SEARCH_RANGE_MS) return '/traces?range=all';
  return `/traces?from=${shortIso(fromMs)}&to=${shortIso(toMs)}`;
}

function shortIso(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
