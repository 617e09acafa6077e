import type { ExcludedStretch } from '../budget/excluded-minutes.js';
import { leadingBudget, projectedAllowance, projectionOf } from '../budget/error-budget.js';
import { evidenceInWords } from '../budget/evidence-share.js';
import { waitingInWords } from '../budget/firing.js';
import { minuteOf } from '../budget/minute-series.js';
import type { SloStatus, TierReading } from '../budget/slo-status.js';
import { windowText } from '../config/calendar.js';
import type { SliceMethod, Slo } from '../config/slo.js';
import { formatDuration, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { capitalised, formatBurn, formatLatency, formatPercent, formatTime } from '../lib/format.js';
import { ledgerInWords } from '../diagnosis/budget-ledger.js';
import type { Incident } from '../incident/incident.js';
import type { BadExemplar } from '../pipeline/burned-by.js';
import type { Charges } from '../pipeline/charge-reader.js';
import { NOTHING_BURNED, type BurnedRow, type BurnedView } from '../query/burned-view.js';
import type { Change } from '../query/change.js';
import { eventExclusions, exclusionStretches } from '../query/exclusions-view.js';
import { sliceKeyOf, type HistoryView } from '../query/history-view.js';
import { revisionName } from '../query/revisions-view.js';
import type { ExclusionChange, SloRevision } from '../query/slo-revision-reader.js';
import { sizingOf, toFire, type SloView } from '../query/slo-view.js';
import { CHANGE_WORDS, changeInWords } from './change-words.js';
import { chart, type Chart, type ChartMarker, type ChartPoint } from './chart.js';
import { TIMELINE_WORDS } from './incident-page.js';
import { formatNumber, STATE_WORDS, stateSentence } from './words.js';

export interface BudgetBar {
  readonly remaining: number | undefined;
  /** Percent of the bar that is filled; an overspent budget fills it in another colour. */
  readonly filled: number;
  readonly level: 'good' | 'low' | 'spent' | 'unknown';
  readonly isProjected: boolean;
}

const LOW_BUDGET = 0.25;

/** The budget that leads: for a young service the projected one. */
export function budgetBar(status: SloStatus): BudgetBar {
  const projected = status.young ? status.projectedBudgetRemaining : undefined;
  const remaining = projected ?? status.errorBudgetRemaining;
  const filled = remaining === undefined ? 0 : Math.round(Math.min(1, Math.abs(remaining)) * 1_000) / 10;
  const level = remaining === undefined ? 'unknown' : remaining <= 0 ? 'spent' : remaining < LOW_BUDGET ? 'low' : 'good';
  return { remaining, filled, level, isProjected: projected !== undefined };
}

/** What happened around an SLO: who burned its budget, and the incidents about it. */
export interface Surroundings {
  readonly burned: BurnedView;
  /** To whom the bad events of the range are charged. */
  readonly charges?: Charges;
  readonly incidents: readonly Incident[];
  /** Newest first; the one in force is among them. */
  readonly revisions: readonly SloRevision[];
  /** Newest first. */
  readonly exclusionLog?: readonly ExclusionChange[];
  /** Of the service, and of the whole system. */
  readonly changes?: readonly Change[];
  /** Bad events that stand for those around them. */
  readonly exemplars?: readonly BadExemplar[];
}

const NOTHING_AROUND: Surroundings = { burned: NOTHING_BURNED, incidents: [], revisions: [] };

export function sloPage(view: SloView, history: HistoryView, around: Surroundings = NOTHING_AROUND): Record<string, unknown> {
  const { slo, status } = view;
  const markers = markersOf(around, exclusionStretches(view));
  return {
    slo,
    status,
    stateWords: STATE_WORDS[status.state],
    sentence: stateSentence(status, slo),
    budget: budgetBar(status),
    window: windowText(slo),
    method: slo.method === undefined ? undefined : methodInWords(slo.method),
    outcome: slo.indicator.bad === undefined ? { word: 'Good', text: slo.indicator.good?.text ?? '' } : { word: 'Bad', text: slo.indicator.bad.text },
    notes: [...backfilled(slo, around.revisions), ...(status.silence === undefined ? [] : [capitalised(status.silence.words)]), ...evidenceNote(status), ...(status.samplingWarning === undefined ? [] : [status.samplingWarning]), ...sizingOf(view)],
    tiers: status.tiers.map((reading) => ({ ...tierRow(reading), toFire: numberOf(toFire(view, reading)), knowsTraffic: status.eventsPerHour !== undefined })),
    charts: [budgetChart(view, history, markers), burnChart(view, history, markers), errorChart(view, history, { markers, exemplars: around.exemplars ?? [] })],
    burned: { bad: around.burned.bad, parts: [{ title: 'Version', rows: around.burned.byVersion.map(burnedRow) }, { title: 'Operation', rows: around.burned.byOperation.map(burnedRow) }] },
    ledger: ledgerOf(view, history, around.charges),
    events: eventsOf(around),
    groups: groupsOf(view),
    exclusions: exclusionsOf(view),
    earlier: around.revisions.filter(({ sliceKey }) => sliceKey !== sliceKeyOf(slo)).slice(0, REVISIONS_SHOWN).map(earlierRow),
  };
}

function evidenceNote({ evidence, sli }: SloStatus): string[] {
  const words = evidence === undefined || sli === undefined ? undefined : evidenceInWords(evidence);
  return words === undefined ? [] : [words];
}

/** The budget that was used up in the range, by those who did. */
function ledgerOf(view: SloView, history: HistoryView, charges: Charges | undefined): Record<string, unknown> | undefined {
  const window = history.points.at(-1)?.window;
  if (charges === undefined || charges.rows.length === 0 || window === undefined) return undefined;
  const bad = history.points.reduce((sum, point) => sum + point.bad, 0);
  const projected = allowanceNow(view, history);
  const allowed = projected ?? (1 - view.slo.target) * (window.good + window.bad);
  const burned = allowed === 0 ? undefined : bad / allowed;
  const { badEvents, examined, rows } = charges;
  return {
    words: ledgerInWords(rows), burned, isProjected: projected !== undefined, rows: rows.map((row) => ({ ...row, budget: burned === undefined ? undefined : burned * row.share })),
    from: examined < badEvents ? `${formatNumber(examined)} of ${formatNumber(badEvents)} bad events that are stored` : `${formatNumber(examined)} bad events`,
  };
}

const GROUPS_SHOWN = 20;

/** The groups that burn fastest. */
function groupsOf({ slo, status }: SloView): Record<string, unknown> | undefined {
  const { groups = [] } = status;
  if (groups.length === 0) return undefined;
  const shortMs = slo.policy.tiers[0]?.longMs ?? HOUR_MS;
  return {
    total: groups.length, window: formatDuration(shortMs),
    rows: groups.slice(0, GROUPS_SHOWN).map((each) => ({
      name: each.group?.text ?? '', state: each.state, words: STATE_WORDS[each.state], sli: each.sli, budget: leadingBudget(each), isProjected: each.projectedBudgetRemaining !== undefined,
      burn: each.burnRates[formatDuration(shortMs)], events: formatNumber(Math.round(each.events ?? 0)),
    })),
  };
}

/** How far back an SLO that is younger than its spans is exact. */
function backfilled(slo: Slo, revisions: readonly SloRevision[]): string[] {
  const { definition, counted } = revisions.find(({ sliceKey }) => sliceKey === sliceKeyOf(slo)) ?? {};
  if (definition === undefined || counted?.storedFromMs === undefined) return [];
  return [`Counted since ${formatTime(definition.firstInForceMs)}, and before that from the spans that were stored then, back to ${formatTime(counted.storedFromMs)}`];
}

const REVISIONS_SHOWN = 10;

/** What was counted before the definition was changed. */
function earlierRow({ sliceKey, definition, counted }: SloRevision): Record<string, unknown> {
  const events = counted === undefined ? 0 : counted.good + counted.bad;
  return {
    revision: revisionName(sliceKey), total: definition?.total, outcome: definition?.polarity === 'good' ? 'good' : 'bad', part: definition?.part,
    fromMs: counted?.firstMs, toMs: counted?.lastMs, events: formatNumber(Math.round(events)), sli: counted === undefined || events === 0 ? undefined : counted.good / events,
  };
}

const EXCLUSIONS_SHOWN = 4;

/** What comes next, what is now and what was, latest first, with what it spares the budget. */
function exclusionsOf(view: SloView): Record<string, unknown> | undefined {
  const { excluded, atMs } = view.status;
  if (excluded === undefined) return undefined;
  const { budgetWithout } = excluded;
  const times = projectionOf(view.status);
  const minuteNow = minuteOf(atMs);
  const stretches = exclusionStretches(view);
  const toCome = stretches.filter(({ from }) => from > minuteNow);
  const begun = stretches.filter(({ from }) => from <= minuteNow);
  const rows = [...begun.slice(-EXCLUSIONS_SHOWN), ...toCome.slice(0, EXCLUSIONS_SHOWN / 2)].reverse().map(({ from, to, exclusion: { name, by, reason } }) => ({
    name, by, reason, fromMs: from * MINUTE_MS, length: formatDuration((to - from) * MINUTE_MS), isNow: from <= minuteNow && minuteNow < to,
  }));
  const events = eventExclusions(view).map(({ exclusion: { name, by, reason, match }, good, bad }) => ({ name, by, reason, match: match.text, bad: formatNumber(Math.round(bad)), all: formatNumber(Math.round(good + bad)) }));
  return { rows, events, forMs: excluded.minutes * MINUTE_MS, now: excluded.now, budgetWithout: times === undefined || budgetWithout === undefined ? budgetWithout : 1 - (1 - budgetWithout) / times, budgetWith: leadingBudget(view.status) };
}

function numberOf(value: number | undefined): string | undefined {
  return value === undefined ? undefined : formatNumber(value);
}

/** How slices become good and bad. */
function methodInWords(method: SliceMethod): string {
  const length = formatDuration(method.sliceMinutes * MINUTE_MS);
  if (method.kind === 'mean-timeslices') return `Slices of ${length}; good where the mean duration keeps the limit`;
  return method.kind === 'timeslices' ? `Slices of ${length}; good where at least ${formatPercent(method.sliceTarget, 2)} of their events are` : `Slices of ${length}; each counts as one, with its share of good events`;
}

/** Versions that appeared, incidents that opened, minutes that do not count: why a line bends. */
const MARKER_LENGTH = 24;

function markersOf({ burned, incidents, changes = [] }: Surroundings, stretches: readonly ExcludedStretch[]): ChartMarker[] {
  return [
    ...burned.deployments.map(({ atMs, version }) => ({ atMs, label: version, style: 'deployment' })),
    ...changes.map(({ atMs, version, title }) => ({ atMs, label: version ?? title.slice(0, MARKER_LENGTH), style: 'deployment' })),
    ...incidents.map(({ startedAtMs, severity }) => ({ atMs: startedAtMs, label: severity, style: severity })),
    ...stretches.map(({ from, exclusion }) => ({ atMs: from * MINUTE_MS, label: `excluded: ${exclusion.name}`, style: 'excluded' })),
  ];
}

function burnedRow({ label, bad, share, errorRatio }: BurnedRow): Record<string, unknown> {
  return { label, bad: formatNumber(Math.round(bad)), share, errorRatio };
}

const EVENTS_SHOWN = 12;

/** Newest first: deployments, and what was told about incidents. */
function eventsOf({ burned, incidents, exclusionLog = [], changes = [] }: Surroundings): Record<string, unknown>[] {
  const deployments = burned.deployments.map(({ atMs, service, version }) => ({ atMs, kind: 'note', words: 'Deployed', text: `${service} ${version}`, href: undefined }));
  const told = incidents.flatMap((incident) => incident.timeline.filter(({ kind }) => kind !== 'notified')
    .map(({ atMs, kind, text }) => ({ atMs, kind, words: TIMELINE_WORDS[kind], text: text === '' ? incident.title : text, href: `/incidents/${encodeURIComponent(incident.id)}` })));
  const excluded = exclusionLog.map(({ atMs, exclusion, change, by, reason, budgetBefore, budgetAfter }) => ({
    atMs, kind: 'note', words: `Exclusion ${change}`, text: `${exclusion}, ${by}: ${reason}${budgetBefore === undefined || budgetAfter === undefined ? '' : ` (budget ${formatPercent(budgetBefore, 1)} before, ${formatPercent(budgetAfter, 1)} after)`}`, href: undefined,
  }));
  const changed = changes.map(({ atMs, kind, service, version, title, by, url }) => ({ atMs, kind: 'note', words: CHANGE_WORDS[kind], text: changeInWords({ service, version, title, by }), href: url }));
  return [...deployments, ...told, ...excluded, ...changed].sort((left, right) => right.atMs - left.atMs).slice(0, EVENTS_SHOWN);
}

function tierRow(reading: TierReading): Record<string, unknown> {
  const { tier, long, short } = reading;
  return {
    severity: tier.severity,
    factor: tier.factor,
    long: formatDuration(tier.longMs),
    short: formatDuration(tier.shortMs),
    longBurn: long.burnRate,
    shortBurn: short.burnRate,
    longExceeded: (long.burnRate ?? 0) > tier.factor,
    shortExceeded: (short.burnRate ?? 0) > tier.factor,
    firing: reading.firing,
    words: reading.firing ? `Firing: ${reading.evidence.words}` : reading.exceeded ? `Not firing: ${waitingInWords(reading)}` : `Quiet: ${reading.evidence.words}`,
  };
}

function budgetChart(view: SloView, history: HistoryView, markers: readonly ChartMarker[]): Chart {
  const { slo, status } = view;
  const allowed = allowanceNow(view, history);
  return chart({
    title: `Error budget left over ${windowText(slo)}${allowed === undefined ? '' : ', projected from recent traffic'}`,
    times: history.points.map((point) => point.atMs),
    series: [{
      label: 'budget left', style: 'good', area: true,
      values: history.points.map((point) => (allowed === undefined || point.budgetRemaining === undefined ? point.budgetRemaining : 1 - point.window.bad / allowed)),
    }],
    markers,
    format: (value) => formatPercent(value, status.young ? 2 : 1),
    atLeast: [0, 1],
  });
}

/** By it every moment of the chart is measured as the budget that the page leads with. */
function allowanceNow({ slo, status }: SloView, history: HistoryView): number | undefined {
  const now = history.points.at(-1)?.window;
  return now === undefined ? undefined : projectedAllowance(status, now.good + now.bad, slo.target);
}

function burnChart({ slo }: SloView, history: HistoryView, markers: readonly ChartMarker[]): Chart {
  const factorOf = (windowMs: number): number | undefined => slo.policy.tiers.find((tier) => tier.longMs === windowMs)?.factor;
  return chart({
    title: 'Burn rate by window, with the threshold of each',
    times: history.points.map((point) => point.atMs),
    series: history.burnWindowsMs.map((windowMs, index) => ({ label: formatDuration(windowMs), style: `c${index}`, values: history.points.map((point) => point.burnRates[index]) })),
    thresholds: history.burnWindowsMs.flatMap((windowMs, index) => {
      const factor = factorOf(windowMs);
      return factor === undefined ? [] : [{ value: factor, label: `${formatBurn(factor)} ${formatDuration(windowMs)}`, style: `c${index}` }];
    }),
    markers,
    format: formatBurn,
    scale: 'log',
    atLeast: [0, 20],
  });
}

interface OnErrors {
  readonly markers: readonly ChartMarker[];
  readonly exemplars: readonly BadExemplar[];
}

function errorChart({ slo }: SloView, history: HistoryView, { markers, exemplars }: OnErrors): Chart {
  const step = formatDuration(history.stepMinutes * 60_000);
  return chart({
    title: `Error ratio per ${step}`,
    times: history.points.map((point) => point.atMs),
    series: [{ label: 'error ratio', style: 'bad', values: history.points.map((point) => point.errorRatio), area: true }],
    thresholds: [{ value: 1 - slo.target, label: `allowed ${formatPercent(1 - slo.target)}`, style: 'allowed' }],
    markers,
    points: exemplars.flatMap((each) => pointOf(each, history)),
    format: (value) => `${formatNumber(Number((value * 100).toPrecision(3)))} %`,
    atLeast: [0, (1 - slo.target) * 2],
  });
}

/** At its own time, on the line that is drawn there. */
function pointOf({ traceId, spanId, service, operation, endMs, durationNs }: BadExemplar, { points }: HistoryView): ChartPoint[] {
  const next = points.findIndex(({ atMs }) => atMs >= endMs);
  const [before, after] = [points[next - 1], points[next]];
  if (after?.errorRatio === undefined) return [];
  const value = before?.errorRatio === undefined ? after.errorRatio : before.errorRatio + (after.errorRatio - before.errorRatio) * ((endMs - before.atMs) / (after.atMs - before.atMs));
  return [{ atMs: endMs, value, words: `${service} ${operation}, ${formatLatency(durationNs)}: a bad event, its trace`, href: `/traces/${traceId}?span=${spanId}`, style: 'bad' }];
}
