import type { Alert } from '../incident/incident.js';
import { readSilenceInput } from '../incident/silence-input.js';
import { matchersInWords, setSilence, type SilenceRequest } from '../incident/silence-rules.js';
import { isInForce, silences, silenceState, type Silence } from '../incident/silence.js';
import { err, ok, type Result } from '../lib/result.js';

/** What the form holds, as it was typed. */
export interface SilenceForm {
  readonly matchers: string;
  readonly duration: string;
  readonly comment: string;
  /** For a recurring one: `02:00` to `04:00`, on these weekdays, in this time zone. */
  readonly from: string;
  readonly to: string;
  readonly weekdays: string;
  readonly location: string;
}

const FIELD_CHARACTERS_MAX = 4_096;
/** Where nobody says how often it should hold: an hour is over before it is forgotten. */
const DEFAULT_DURATION = '1h';
const HELD_SHOWN = 50;

export function readForm(fields: unknown): SilenceForm {
  const values = (typeof fields === 'object' && fields !== null ? fields : {}) as Readonly<Record<string, unknown>>;
  const text = (name: string): string => {
    const value = values[name];
    return typeof value === 'string' ? value.slice(0, FIELD_CHARACTERS_MAX).trim() : '';
  };
  return { matchers: text('matchers'), duration: text('duration') || DEFAULT_DURATION, comment: text('comment'), from: text('from'), to: text('to'), weekdays: text('weekdays'), location: text('location') };
}

/** The silence that the form asks for, or all that is wrong with it. */
export function wishOf(form: SilenceForm, { actor, nowMs }: { readonly actor: string; readonly nowMs: number }): Result<SilenceRequest, string> {
  const { matchers, duration, comment, from, to, weekdays, location } = form;
  if ((from === '') !== (to === '')) return err('a time of day needs both ends: from and to');
  const times = from === '' ? [] : overMidnight(from, to);
  const interval = { ...(times.length === 0 ? {} : { times }), ...(weekdays === '' ? {} : { weekdays: weekdays.split(',').map((part) => part.trim()) }), ...(location === '' ? {} : { location }) };
  const isRecurring = times.length > 0 || weekdays !== '';
  return readSilenceInput({ matchers, duration, comment, ...(isRecurring ? { recurring: [interval] } : {}) }, { actor, nowMs });
}

/** From 22:00 to 06:00 is the end of one day and the beginning of the next. */
function overMidnight(from: string, to: string): { readonly start_time: string; readonly end_time: string }[] {
  if (from < to) return [{ start_time: from, end_time: to }];
  const parts = [{ start_time: from, end_time: '24:00' }, { start_time: '00:00', end_time: to }];
  return parts.filter(({ start_time: start, end_time: end }) => start !== end);
}

/** What it would hold back now, or why it is refused. Keeps nothing. */
export function previewOf(request: SilenceRequest, known: readonly Silence[], { firing, nowMs }: { readonly firing: readonly Alert[]; readonly nowMs: number }): Result<Record<string, unknown>, string> {
  const made = setSilence(request, new Map(known.map((silence) => [silence.id, silence])), nowMs);
  if (!made.ok) return err(made.error.message);
  const silence = made.value.at(-1) as Silence;
  const held = firing.filter(({ labels }) => silences(silence, labels));
  return ok({ words: matchersInWords(silence.matchers), endsAtMs: silence.endsAtMs, inForce: isInForce(silence, nowMs), isRecurring: silence.recurring !== undefined, held: heldRows(held), heldCount: held.length, firingCount: firing.length });
}

const ORDER = { active: 0, pending: 1, expired: 2 } as const;

/** Those that hold first; among equals those that end first. */
export function silenceRows(all: readonly Silence[], firing: readonly Alert[], nowMs: number): Record<string, unknown>[] {
  const rows = all.map((silence) => ({ silence, state: silenceState(silence, nowMs) }));
  rows.sort((left, right) => ORDER[left.state] - ORDER[right.state] || (left.state === 'expired' ? right.silence.endsAtMs - left.silence.endsAtMs : left.silence.endsAtMs - right.silence.endsAtMs));
  return rows.map(({ silence, state }) => {
    const held = !isInForce(silence, nowMs) ? [] : firing.filter(({ labels }) => silences(silence, labels));
    const { id, startsAtMs, endsAtMs, createdBy, comment, recurring } = silence;
    return { id, state, stateWords: stateInWords(silence, state, nowMs), words: matchersInWords(silence.matchers), startsAtMs, endsAtMs, createdBy, comment, isRecurring: recurring !== undefined, held: heldRows(held), heldCount: held.length };
  });
}

function stateInWords(silence: Silence, state: keyof typeof ORDER, nowMs: number): string {
  if (state === 'expired') return 'Over';
  if (state === 'pending') return 'To come';
  return isInForce(silence, nowMs) ? 'Holds' : 'Between its times';
}

function heldRows(alerts: readonly Alert[]): Record<string, unknown>[] {
  return alerts.slice(0, HELD_SHOWN).map(({ labels, sloTitle, incidentId, severity }) => ({ name: sloTitle ?? [labels['alertname'], labels['slo'] ?? labels['service'] ?? labels['instance']].filter((part) => part !== undefined).join(' '), incidentId, severity }));
}
