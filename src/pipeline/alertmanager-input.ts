import { z } from 'zod';
import type { PostedAlertInput } from '../incident/posted-alert.js';
import { issuesInWords } from '../incident/silence-input.js';
import { SILENCE_MATCHERS_MAX, type SilenceRequest } from '../incident/silence-rules.js';
import type { SilenceId } from '../lib/ids.js';
import { parseMatchers, type LabelMatcher } from '../lib/label-matcher.js';
import { err, ok, type Result } from '../lib/result.js';

/** What one request may post; Prometheus sends 64 at once (notification_queue batches). */
export const POSTED_ALERTS_MAX = 10_000;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const ZERO_TIME = '0001-01-01T00:00:00';

const text = z.string().max(65_536);
const labelSet = z.record(z.string().max(1_024).regex(LABEL_NAME, 'is not a label name: letters, digits and _ only'), text);
/** Go writes its zero time where nothing is set. */
const time = z.string().nullish().transform((written, context) => {
  if (written == null || written === '' || written.startsWith(ZERO_TIME)) return undefined;
  const timeMs = Date.parse(written);
  if (!Number.isNaN(timeMs)) return timeMs;
  context.addIssue({ code: 'custom', message: `"${written.slice(0, 60)}" is not a time` });
  return z.NEVER;
});
const postableAlert = z.looseObject({ labels: labelSet, annotations: z.record(z.string().max(1_024), text).nullish(), startsAt: time, endsAt: time, generatorURL: text.nullish() });

/** The body of `POST /api/v2/alerts`: all of it is right, or the words say what is not. */
export function readPostedAlerts(body: unknown): Result<readonly PostedAlertInput[], string> {
  const result = z.array(postableAlert).max(POSTED_ALERTS_MAX).safeParse(body);
  if (!result.success) return err(issuesInWords(result.error));
  const alerts: PostedAlertInput[] = [];
  for (const [index, { labels, annotations, startsAt, endsAt, generatorURL }] of result.data.entries()) {
    if (Object.values(labels).every((value) => value === '')) return err(`${String(index)}.labels: at least one label pair required`);
    if (startsAt !== undefined && endsAt !== undefined && endsAt < startsAt) return err(`${String(index)}.endsAt: start time must be before end time`);
    alerts.push({
      labels, ...(annotations == null ? {} : { annotations }), ...(startsAt === undefined ? {} : { startsAtMs: startsAt }),
      ...(endsAt === undefined ? {} : { endsAtMs: endsAt }), ...(generatorURL == null ? {} : { generatorUrl: generatorURL }),
    });
  }
  return ok(alerts);
}

const postableSilence = z.looseObject({
  id: text.nullish(), createdBy: text, comment: text, startsAt: time, endsAt: time,
  matchers: z.array(z.looseObject({ name: text, value: text, isRegex: z.boolean(), isEqual: z.boolean().nullish() })).max(SILENCE_MATCHERS_MAX),
});

/** The body of `POST /api/v2/silences`. */
export function readPostedSilence(body: unknown): Result<SilenceRequest, string> {
  const result = postableSilence.safeParse(body);
  if (!result.success) return err(issuesInWords(result.error));
  const { id, createdBy, comment, startsAt, endsAt, matchers } = result.data;
  if (endsAt === undefined) return err('endsAt: every silence ends');
  return ok({
    ...(id == null || id === '' ? {} : { id: id as SilenceId }), createdBy, comment, endsAtMs: endsAt, ...(startsAt === undefined ? {} : { startsAtMs: startsAt }),
    matchers: matchers.map(({ name, value, isRegex, isEqual }) => ({ name, value, isRegex, isEqual: isEqual ?? true })),
  });
}

export interface AlertFilter {
  readonly matchers: readonly LabelMatcher[];
  readonly receiver: RegExp | undefined;
  readonly active: boolean;
  readonly silenced: boolean;
  readonly inhibited: boolean;
  readonly muted: boolean;
  readonly unprocessed: boolean;
}

/** `?filter=alertname="x"&silenced=false&receiver=team.*`; what is not said is wanted. */
export function readAlertFilter(query: Readonly<Record<string, unknown>>): Result<AlertFilter, string> {
  const matchers = readMatchers(query['filter']);
  if (!matchers.ok) return matchers;
  const wants = (name: string): boolean => query[name] !== 'false';
  const { receiver } = query;
  try {
    return ok({
      matchers: matchers.value, receiver: typeof receiver === 'string' && receiver !== '' ? new RegExp(`^(?:${receiver})$`) : undefined,
      active: wants('active'), silenced: wants('silenced'), inhibited: wants('inhibited'), muted: wants('muted'), unprocessed: wants('unprocessed'),
    });
  } catch {
    return err(`receiver: "${String(receiver)}" is not a regular expression`);
  }
}

/** One `filter`, several, or none. */
export function readMatchers(filter: unknown): Result<readonly LabelMatcher[], string> {
  const matchers: LabelMatcher[] = [];
  for (const one of typeof filter === 'string' ? [filter] : Array.isArray(filter) ? filter.map(String) : []) {
    const parsed = parseMatchers(one);
    if (!parsed.ok) return err(`filter: ${parsed.error}`);
    matchers.push(...parsed.value);
  }
  return ok(matchers);
}
