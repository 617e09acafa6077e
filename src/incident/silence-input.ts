import { z } from 'zod';
import { parseDuration } from '../lib/duration.js';
import { parseMatchers } from '../lib/label-matcher.js';
import { err, ok, type Result } from '../lib/result.js';
import { isLocation, parseDaysOfMonth, parseMonths, parseTimeOfDay, parseWeekdays, parseYears, type NumberRange, type TimeInterval } from '../lib/time-interval.js';
import type { SilenceId } from '../lib/ids.js';
import { SILENCE_MATCHERS_MAX, type SilenceRequest } from './silence-rules.js';

const text = z.string().max(4_096);
const matcher = z.strictObject({ name: text, value: text, isRegex: z.boolean().default(false), isEqual: z.boolean().default(true) });
const time = z.iso.datetime({ offset: true, error: 'is not a time: write ISO 8601, like 2026-11-20T03:04:05Z' }).transform((written) => Date.parse(written));
const duration = z.string().transform((written, context) => {
  const parsed = parseDuration(written);
  if (parsed.ok) return parsed.value;
  context.addIssue({ code: 'custom', message: parsed.error });
  return z.NEVER;
});
const ranges = z.array(text).max(SILENCE_MATCHERS_MAX).optional();
const recurring = z.strictObject({
  times: z.array(z.strictObject({ start_time: text, end_time: text })).max(SILENCE_MATCHERS_MAX).optional(), weekdays: ranges, days_of_month: ranges, months: ranges, years: ranges,
  location: text.default('UTC').refine(isLocation, 'is not a time zone: write a name of the IANA database like Europe/Berlin'),
}).transform((document, context): TimeInterval => {
  const read = (texts: readonly string[] | undefined, parse: (text: string) => Result<NumberRange, string>): NumberRange[] | undefined => texts?.flatMap((one) => accept(parse(one)));
  const accept = (parsed: Result<NumberRange, string>): NumberRange[] => {
    if (parsed.ok) return [parsed.value];
    context.addIssue({ code: 'custom', message: parsed.error });
    return [];
  };
  return {
    times: document.times?.flatMap(({ start_time: start, end_time: end }) => accept(parseTimeOfDay(start, end))), weekdays: read(document.weekdays, parseWeekdays),
    daysOfMonth: read(document.days_of_month, parseDaysOfMonth), months: read(document.months, parseMonths), years: read(document.years, parseYears), location: document.location,
  };
});

const matcherList = z.union([
  z.array(matcher).max(SILENCE_MATCHERS_MAX),
  text.transform((written, context) => {
    const parsed = parseMatchers(written);
    if (parsed.ok) return parsed.value.map(({ name, value, operator }) => ({ name, value, isRegex: operator.endsWith('~'), isEqual: operator.startsWith('=') }));
    context.addIssue({ code: 'custom', message: parsed.error });
    return z.NEVER;
  }),
], { error: 'is neither a list of matchers nor text like service="checkout",severity="ticket"' });

const silenceInput = z.strictObject({
  id: text.optional(), matchers: matcherList, startsAt: time.optional(), endsAt: time.optional(), duration: duration.optional(),
  comment: text.default(''), createdBy: text.optional(), recurring: z.array(recurring).max(SILENCE_MATCHERS_MAX).optional(),
});

/** The body of `POST /api/v1/silences`; the error names every field that is wrong. */
export function readSilenceInput(body: unknown, { actor, nowMs }: { readonly actor: string; readonly nowMs: number }): Result<SilenceRequest, string> {
  const result = silenceInput.safeParse(body ?? {});
  if (!result.success) return err(issuesInWords(result.error));
  const { id, matchers, startsAt, endsAt, duration: durationMs, comment, createdBy, recurring: intervals } = result.data;
  const endsAtMs = endsAt ?? (durationMs === undefined ? undefined : (startsAt ?? nowMs) + durationMs);
  if (endsAtMs === undefined) return err('endsAt: every silence ends; write endsAt, or duration like "2h"');
  return ok({
    matchers, endsAtMs, comment, createdBy: createdBy ?? actor, ...(id === undefined || id === '' ? {} : { id: id as SilenceId }),
    ...(startsAt === undefined ? {} : { startsAtMs: startsAt }), ...(intervals === undefined ? {} : { recurring: intervals }),
  });
}

const wishInput = z.strictObject({ duration: duration.default(3_600_000), comment: text.optional() });

/** The body of `POST …/silence` of an incident: an hour where it does not say. */
export function readSilenceWish(body: unknown, actor: string): Result<{ readonly durationMs: number; readonly comment: string; readonly createdBy: string }, string> {
  const result = wishInput.safeParse(body ?? {});
  if (!result.success) return err(issuesInWords(result.error));
  return ok({ durationMs: result.data.duration, comment: result.data.comment ?? 'silenced from the incident', createdBy: actor });
}

export function issuesInWords(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.map(String).join('.') || 'body'}: ${messageOf(issue)}`).join('; ');
}

/** The words of what is inside, where that says more: of a key, or of the one alternative that was meant. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues.map(messageOf).join(', ');
  const own = issue.code === 'invalid_union' ? issue.errors.flat().find((inner) => inner.code === 'custom') : undefined;
  return own?.message ?? issue.message;
}
