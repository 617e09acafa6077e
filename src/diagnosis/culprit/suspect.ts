import type { Change } from './change.js';
import type { Sign } from './common-callee.js';

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

/** One operation, and what speaks against it most: the parts of its service's score that lie in its requests. */
export type CulpritOperation = Omit<CulpritSuspect, 'resource'>;

/** A pod, node, version …, and how much of what speaks against the services on it keeps to it. */
export interface CulpritResource {
  readonly attribute: string;
  readonly value: string;
  /** Those affected on it, most first. */
  readonly services: readonly string[];
  /** Nats of the requests that it served beyond its share of those that nothing is wrong with, times the belief that what is wrong keeps to it. */
  readonly score: number;
  readonly strength: CulpritSuspect['strength'];
  /** One sentence with the numbers. */
  readonly reason: string;
  /** Other names of it: exactly the same requests have these. */
  readonly same: readonly { readonly attribute: string; readonly value: string }[];
}

/** What speaks against a service, before it is put into words. */
export interface Charge {
  readonly service: string;
  readonly operation: string;
  readonly caller: string | undefined;
  readonly change: Change;
  /** Where the change was felt by a caller: it answers nothing any more, calls of it are missing, or its answer is the last before requests stop. */
  readonly felt?: 'gone' | Sign;
  /** Requests in which this change was the service's strongest mark that nothing below explains, and what of it remains in each. */
  readonly nats: ReadonlyMap<string, number>;
  readonly score: number;
}
