import type { ObservedOperation } from './suggest-slos.js';
import type { TimeWindow } from './time-window.js';

/** Port: what the history of operations says. */
export interface ObservedOperationReader {
  /** Operations that requests from outside enter by; busiest first. */
  entryOperations(window: TimeWindow): Promise<readonly ObservedOperation[]>;
}
