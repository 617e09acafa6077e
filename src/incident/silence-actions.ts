import type { Result } from '../lib/result.js';
import type { Alert } from './incident.js';
import type { Silence } from './silence.js';
import type { SilenceRefusal, SilenceRequest } from './silence-rules.js';

export interface SilenceWish {
  readonly durationMs: number;
  readonly comment: string;
  readonly createdBy: string;
}

/** Port of what people do with silences. */
export interface SilenceActions {
  /** Those that are over are kept for five days. */
  list(): Promise<readonly Silence[]>;
  set(request: SilenceRequest): Promise<Result<Silence, SilenceRefusal>>;
  /** Ending what is over is fine; undefined where there is none of that id. */
  expire(id: string): Promise<Silence | undefined>;
  silenceIncident(id: string, wish: SilenceWish): Promise<Result<Silence, SilenceRefusal>>;
  /** All alerts that fire now: what a silence would hold back. */
  firing(): Promise<readonly Alert[]>;
}

export const SILENCE_ACTIONS = Symbol('SilenceActions');
