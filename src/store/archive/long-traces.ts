import { MINUTE_MS } from '../../lib/duration.js';

/** A trace that lasts longer is noted in `long_traces`: a search in slices of time looks so far beyond each of them, and at these traces whole. */
export const LONG_TRACE_MS = 15 * MINUTE_MS;
