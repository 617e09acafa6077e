import type { Absorber } from '../ingest/absorber.js';
import type { RedactionRules } from '../ingest/redact-compile.js';
import type { HygieneTotals, ServiceHygiene } from '../ingest/normalise-services.js';
import type { CompiledSlo } from '../sli/compile-slo.js';
import type { Database } from '../store/database.js';
import type { DatabaseHealth } from '../store/duckdb-database.js';
import type { SloSliceColumns } from '../store/slo-slice-columns.js';
import type { CommitNews } from '../store/span-sink.js';
import type { ArrivedSlice } from './replay.js';
import type { IngestStats } from './ingest-tally.js';

/** Of the rules, what the way in needs. */
export interface StoreRules {
  readonly slos: readonly CompiledSlo[];
  /** Checked: `compileRedaction` finds no problem in it. */
  readonly redaction: RedactionRules;
}

/**
 * The store as the service uses it: takes exports, answers queries, tells of commits. In production it lives in a thread of its own
 * (`StoreClient`), in tests also in this one (`SystemStore`).
 */
export interface Store extends Absorber, Database {
  /**
   * From the next export on, these SLOs are counted and these rules redact. SLOs that are new are counted from the spans that are stored:
   * resolves with the slices of those, which are stored as well and are not told by `onCommit`.
   */
  useRules(rules: StoreRules): Promise<readonly ArrivedSlice[]>;
  /** Judges the traces that are due, for SLOs of whole traces. What counts is told by `onCommit` before this resolves. */
  judgeJourneys(): Promise<void>;
  /** Live slices since a Unix minute, summed per SLO and event minute. */
  loadSloSlices(sinceMinute: number): Promise<SloSliceColumns>;
  stats(): Promise<StoreStats>;
  /** What was put right on the way in since the start, by service. */
  hygiene(): Promise<readonly ServiceHygiene[]>;
  /** Commits what was accepted, writes everything into the file and lets go of it. Exports that come later are answered as busy. */
  close(): Promise<void>;
}

export interface StoreStats extends IngestStats {
  readonly hygiene: HygieneTotals;
  readonly database: DatabaseHealth;
}

export interface StoreEvents {
  /** After each commit, before its senders are answered. */
  onCommit?(news: CommitNews): void;
  /** The store's thread is gone: nothing can be accepted any more. */
  onFatal?(error: Error): void;
}

/** Name of the database file inside the data directory. */
export const DATABASE_FILE = 'tocsin.duckdb';
