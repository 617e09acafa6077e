import type { Change } from './change.js';

/** One service, and what speaks against it most. */
export interface CulpritSuspect {
  readonly service: string;
  readonly operation: string;
  /** Nats: how much more likely its requests are in the incident than in the baseline, beyond what those it calls explain. */
  readonly score: number;
  /** `strong`: twenty times more likely in the incident, and by false-discovery control at most one in twenty such findings is chance. */
  readonly strength: 'strong' | 'weak';
  /** One sentence with the numbers, to be checked by hand. */
  readonly reason: string;
  /** The pod, node or version on which it happens, or the only one there is. */
  readonly resource?: { readonly attribute: string; readonly value: string };
}

/** What speaks against a service, before it is put into words. */
export interface Charge {
  readonly service: string;
  readonly operation: string;
  readonly caller: string | undefined;
  readonly change: Change;
  /** Requests in which this change was the service's strongest mark that nothing below explains. */
  readonly traceIds: readonly string[];
  readonly score: number;
}
