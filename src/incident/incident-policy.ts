import { MINUTE_MS } from '../lib/duration.js';

/**
 * News that only changes numbers is told at most this often. Slack allows about 50 `chat.update` a minute for a whole workspace, and a
 * person in the middle of an incident reads a message again every few minutes, not every tick.
 */
export const UPDATE_INTERVAL_MS = 10 * MINUTE_MS;

/**
 * Shares of the error budget whose loss is news at once: half, a quarter and a tenth are the steps at which release policies tighten
 * (SRE workbook, "Example error budget policy"), and zero is the promise broken.
 */
export const BUDGET_STEPS = [0.5, 0.25, 0.1, 0] as const;

/** An incident of weeks updated every ten minutes stays below one megabyte: beyond this its oldest number-only entries go first. */
export const TIMELINE_ENTRIES_MAX = 500;

/**
 * Two conditions have one cause where, with 95 % confidence, at least this share of the bad events of each begins at the same place. Well above
 * half, so that a second cause of any size keeps its own page; all of ten events are enough (Wilson's lower bound of 10 of 10 is 0.72).
 */
export const CAUSE_SHARE_LOW = 0.7;

/** Fewer bad events than this show no share of those to come. */
export const CAUSE_EVENTS_MIN = 10;

/**
 * Failures that are all there are need no sample: a page about nothing but them says nothing that the page of their cause does not say. Fewer
 * than three may be one request, seen again when it was retried.
 */
export const CAUSE_ALL_MIN = 3;

/** So long is looked for proof that was not found in time, or that a few failures could not give; later there is none to be found. */
export const LATE_EVIDENCE_MS = 5 * MINUTE_MS;

/** Links to causes kept of one incident: an outage of hundreds of SLOs must not fill its document. */
export const CAUSES_MAX = 50;

/** A condition that comes back so soon is the same trouble. A quarter of an hour is three of the short windows of a fast page. */
export const REOPEN_WITHIN_MS = 15 * MINUTE_MS;

/** Opened so often within an hour, an incident flaps: it then ends only after a quarter of an hour of quiet (Prometheus' `keep_firing_for`, by need). */
export const FLAP_OPENINGS = 3;
export const FLAP_WITHIN_MS = 60 * MINUTE_MS;
export const FLAP_HOLD_MS = 15 * MINUTE_MS;
