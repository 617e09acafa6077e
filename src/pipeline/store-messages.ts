import type { ExportRequest } from '../ingest/absorber.js';
import type { DatabaseUnavailableError } from '../store/database-error.js';
import type { Statement } from '../store/database.js';
import type { CommitNews } from '../store/span-sink.js';
import type { StoreRules } from './store.js';

/** What the store's thread is started with. */
export interface StoreSettings extends StoreRules {
  readonly dataDir: string;
  readonly checkpointBytes?: number;
}

/** One call across the thread boundary: structured clones, and the body's buffer by transfer. */
export type StoreCall =
  | { readonly kind: 'absorb'; readonly request: ExportRequest }
  | { readonly kind: 'query'; readonly statement: Statement }
  | { readonly kind: 'transaction'; readonly statements: readonly Statement[] }
  | { readonly kind: 'rules'; readonly rules: StoreRules }
  | { readonly kind: 'journeys' }
  | { readonly kind: 'slo-slices'; readonly sinceMinute: number }
  | { readonly kind: 'stats' }
  | { readonly kind: 'hygiene' }
  | { readonly kind: 'close' };

export interface StoreRequest {
  readonly id: number;
  readonly call: StoreCall;
}

export type StoreReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unavailable'; readonly reason: DatabaseUnavailableError['reason']; readonly message: string }
  | { readonly kind: 'committed'; readonly news: CommitNews }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
