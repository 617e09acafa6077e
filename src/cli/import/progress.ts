import type { ExportOutcome } from '../../ingest/absorber.js';
import type { FileRequest } from './otlp-files.js';

export interface ImportSummary {
  readonly requests: number;
  readonly admitted: number;
  readonly rejected: number;
  readonly deduplicated: number;
  /** Requests or lines that could not be read at all. */
  readonly failed: number;
  readonly tookMs: number;
  /** The first few complaints, each with its file and line. */
  readonly messages: readonly string[];
}

const MESSAGES_MAX = 20;
const LINE_EVERY_MS = 2_000;
const BAR_EVERY_MS = 100;
const BAR_WIDTH = 30;

/** Counts, and shows a bar on a terminal and plain lines elsewhere. */
export class ImportProgress {
  readonly #totalBytes: number;
  readonly #startedMs = Date.now();
  readonly #messages: string[] = [];
  #doneBytes = 0;
  #requests = 0;
  #admitted = 0;
  #rejected = 0;
  #deduplicated = 0;
  #failed = 0;
  #shownMs = 0;

  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes;
  }

  absorbed(request: FileRequest, outcome: Exclude<ExportOutcome, { kind: 'busy' }>): void {
    this.#requests += 1;
    const at = `${request.file}:${request.line}`;
    if (outcome.kind === 'malformed') this.unreadable(`${at}: ${outcome.message}`);
    else {
      this.#admitted += outcome.admitted;
      this.#rejected += outcome.rejected;
      this.#deduplicated += outcome.deduplicated;
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
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    return {
      requests: this.#requests, admitted: this.#admitted, rejected: this.#rejected, deduplicated: this.#deduplicated,
      failed: this.#failed, tookMs: Date.now() - this.#startedMs, messages: this.#messages,
    };
  }

  #say(message: string): void {
    if (this.#messages.length < MESSAGES_MAX) this.#messages.push(message);
  }

  #show(): void {
    const nowMs = Date.now();
    if (nowMs - this.#shownMs < (process.stderr.isTTY ? BAR_EVERY_MS : LINE_EVERY_MS)) return;
    this.#shownMs = nowMs;
    const share = this.#totalBytes === 0 ? 1 : this.#doneBytes / this.#totalBytes;
    const words = `${this.#admitted} stored from ${this.#requests} requests`;
    if (!process.stderr.isTTY) process.stderr.write(`importing: ${words}\n`);
    else process.stderr.write(`\r\x1b[K[${'#'.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH)}] ${words}`);
  }
}

export function summaryOf(summary: ImportSummary): string {
  const seconds = Math.max(summary.tookMs, 1) / 1_000;
  const lines = summary.messages.map((message) => message);
  const parts = [`${summary.admitted} spans and log records imported from ${summary.requests} requests in ${seconds.toFixed(1)} s`];
  if (summary.deduplicated > 0) parts.push(`${summary.deduplicated} were stored before`);
  if (summary.rejected > 0) parts.push(`${summary.rejected} rejected`);
  if (summary.failed > 0) parts.push(`${summary.failed} requests could not be read`);
  return [...lines, `${parts.join('; ')}.`].join('\n');
}
