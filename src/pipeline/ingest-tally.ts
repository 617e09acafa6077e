import type { ExportOutcome, ExportRequest } from '../ingest/absorber.js';
import type { DecodeResult } from '../ingest/decoder.js';
import type { RedactionHit } from '../ingest/redactor.js';
import type { Measurement } from '../sli/measurer.js';
import type { CommitNews } from '../store/span-sink.js';
import type { SpanBatch } from '../trace/span-batch.js';
import { ServiceTally, type ServiceIngest } from './service-tally.js';

/** Spans or log records by signal and protocol; received = hot + rejected + deduplicated. */
export interface IngestCounts {
  readonly signal: ExportRequest['signal'];
  readonly protocol: ExportRequest['protocol'];
  requests: number;
  malformed: number;
  busy: number;
  bytes: number;
  hot: number;
  rejected: number;
  deduplicated: number;
}

export interface CommitCounts {
  commits: number;
  exports: number;
  spans: number;
  logs: number;
  /** Σ of commit durations; with `commits` the mean. */
  tookMs: number;
  /** The longest since the last time it was asked for. */
  longestMs: number;
}

/** Counts since the start, as `/metrics` shows them. Plain data: it crosses threads. */
export interface IngestStats {
  readonly ingest: readonly IngestCounts[];
  /** Why spans and log records were rejected. */
  readonly rejectedByReason: Readonly<Record<string, number>>;
  /** How often which decoding limit was hit. */
  readonly limitsHit: Readonly<Record<string, number>>;
  readonly operationsOverLimit: number;
  /** What each redaction rule concealed or dropped; rules in force that found nothing are there with 0. */
  readonly redactions: readonly RedactionHit[];
  readonly commits: CommitCounts;
  readonly services: readonly ServiceIngest[];
  /** CPU time of the store's thread by step, in milliseconds. */
  readonly stepsMs: Readonly<Record<string, number>>;
}

/** Counts what passes through `absorb`. */
export class IngestTally {
  readonly #ingest = new Map<string, IngestCounts>();
  readonly #reasons = new Map<string, number>();
  readonly #limits = new Map<string, number>();
  readonly #steps = new Map<string, number>();
  readonly #services = new ServiceTally();
  #redactions = new Map<string, RedactionHit>();
  #operationsOverLimit = 0;
  #commits: CommitCounts = { commits: 0, exports: 0, spans: 0, logs: 0, tookMs: 0, longestMs: 0 };

  decoded(decoded: Extract<DecodeResult<unknown>, { ok: true }>): void {
    for (const [reason, count] of decoded.rejected.reasons) add(this.#reasons, reason, count);
    for (const [limit, count] of decoded.limits) add(this.#limits, limit, count);
  }

  /** Rules that are no longer in force are counted no longer, so that there are never more rows than rules. */
  useRedactionRules(rules: readonly RedactionHit[]): void {
    const before = this.#redactions;
    this.#redactions = new Map(rules.map((rule) => [ruleKey(rule), before.get(ruleKey(rule)) ?? rule]));
  }

  redacted(hits: readonly RedactionHit[]): void {
    for (const hit of hits) this.#redactions.set(ruleKey(hit), { ...hit, count: hit.count + (this.#redactions.get(ruleKey(hit))?.count ?? 0) });
  }

  measured(measured: Measurement): void {
    this.#operationsOverLimit += measured.operationsOverLimit;
  }

  answered(request: ExportRequest, outcome: ExportOutcome): void {
    const counts = this.#of(request);
    counts.requests += 1;
    counts.bytes += request.body.length;
    if (outcome.kind === 'malformed') counts.malformed += 1;
    if (outcome.kind === 'busy') counts.busy += 1;
    if (outcome.kind !== 'stored') return;
    counts.hot += outcome.admitted;
    counts.rejected += outcome.rejected;
    counts.deduplicated += outcome.deduplicated;
  }

  committed(news: CommitNews): void {
    const sum = this.#commits;
    sum.commits += 1;
    sum.exports += news.exports;
    sum.spans += news.spans;
    sum.logs += news.logs;
    sum.tookMs += news.tookMs;
    sum.longestMs = Math.max(sum.longestMs, news.tookMs);
  }

  /** Spans can be read from `nowMs` on. */
  readable(batch: SpanBatch, nowMs: number): void {
    this.#services.committed(batch, nowMs);
  }

  took(step: string, tookMs: number): void {
    add(this.#steps, step, tookMs);
  }

  /** Resets `longestMs` only. */
  stats(): IngestStats {
    const commits = { ...this.#commits };
    this.#commits.longestMs = 0;
    return {
      ingest: [...this.#ingest.values()].map((counts) => ({ ...counts })),
      rejectedByReason: Object.fromEntries(this.#reasons),
      limitsHit: Object.fromEntries(this.#limits),
      operationsOverLimit: this.#operationsOverLimit,
      redactions: [...this.#redactions.values()],
      commits,
      services: this.#services.report(),
      stepsMs: Object.fromEntries(this.#steps),
    };
  }

  #of({ signal, protocol }: ExportRequest): IngestCounts {
    const key = `${signal} ${protocol}`;
    let counts = this.#ingest.get(key);
    if (counts === undefined) {
      counts = { signal, protocol, requests: 0, malformed: 0, busy: 0, bytes: 0, hot: 0, rejected: 0, deduplicated: 0 };
      this.#ingest.set(key, counts);
    }
    return counts;
  }
}

function ruleKey({ policy, rule, mode }: RedactionHit): string {
  return `${policy} ${rule} ${mode}`;
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
