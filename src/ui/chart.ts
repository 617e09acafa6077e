/** Heights in CSS pixels; the width is the reader's, so horizontal places are percentages. */
const PLOT_HEIGHT = 150;
const AXIS_HEIGHT = 22;
/** The plot's own coordinates run from 0 to this, whatever the width on the screen. */
const PLOT_WIDTH = 1_000;
const TOP_MARGIN = 14;

export interface ChartSeries {
  readonly label: string;
  /** CSS class that gives the colour: `c0` … `c5`, `bad`, `good`. */
  readonly style: string;
  readonly values: readonly (number | undefined)[];
  /** Fills down to the baseline. */
  readonly area?: boolean;
}

export interface ChartThreshold {
  readonly value: number;
  readonly label: string;
  readonly style: string;
}

/** Something that happened: a version that appeared, an incident that opened. */
export interface ChartMarker {
  readonly atMs: number;
  readonly label: string;
  /** CSS class: `deployment`, `page`, `ticket`. */
  readonly style: string;
}

/** One request that stands for many: a click opens it. */
export interface ChartPoint {
  readonly atMs: number;
  readonly value: number;
  readonly words: string;
  readonly href: string;
  /** CSS class: `bad` where it failed. */
  readonly style: string;
}

export interface ChartInput {
  readonly title: string;
  /** Unix milliseconds, oldest first, one per value. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly thresholds?: readonly ChartThreshold[];
  /** Those outside of the times are left out. */
  readonly markers?: readonly ChartMarker[];
  /** Those above the axis are drawn at its top. */
  readonly points?: readonly ChartPoint[];
  readonly format: (value: number) => string;
  /** `log`: 0 stays at the bottom and 1, 10, 100 are equally far apart; for burn rates. */
  readonly scale?: 'linear' | 'log';
  /** The axis holds at least this range. */
  readonly atLeast: readonly [number, number];
}

export interface Chart {
  readonly title: string;
  readonly height: number;
  readonly plotHeight: number;
  readonly plotWidth: number;
  readonly empty: boolean;
  readonly gridLines: readonly { readonly y: number; readonly label: string; readonly isZero: boolean }[];
  readonly timeTicks: readonly { readonly x: number; readonly label: string; readonly anchor: 'start' | 'middle' | 'end' }[];
  readonly lines: readonly { readonly label: string; readonly style: string; readonly path: string; readonly area: string; readonly last: string }[];
  readonly thresholds: readonly { readonly y: number; readonly label: string; readonly style: string }[];
  /** Percent of the width. */
  readonly markers: readonly { readonly x: number; readonly label: string; readonly style: string; readonly anchor: 'start' | 'end'; readonly y: number }[];
  readonly points: readonly { readonly x: number; readonly y: number; readonly words: string; readonly href: string; readonly style: string }[];
  /** What the hover script reads: one entry per moment with its place and the words to show. */
  readonly moments: string;
  /** For those who do not see it. */
  readonly summary: string;
}

export function chart(input: ChartInput): Chart {
  const scale = scaleOf(input);
  const x = placeOf(input.times);
  const lines = input.series.map((series) => ({
    label: series.label,
    style: series.style,
    path: pathOf(series.values, x, scale.y),
    area: series.area === true ? areaOf(series.values, x, scale) : '',
    last: words(series.values.at(-1), input.format),
  }));
  return {
    title: input.title,
    height: PLOT_HEIGHT + AXIS_HEIGHT,
    plotHeight: PLOT_HEIGHT,
    plotWidth: PLOT_WIDTH,
    empty: lines.every((line) => line.path === ''),
    gridLines: scale.ticks.map((value) => ({ y: scale.y(value), label: input.format(value), isZero: value === 0 })),
    timeTicks: timeTicks(input.times),
    lines,
    thresholds: (input.thresholds ?? []).map(({ value, label, style }) => ({ y: scale.y(value), label, style })),
    markers: markersOf(input),
    points: pointsOf(input, scale),
    moments: JSON.stringify(input.times.map((timeMs, index) => [round(x(index) / 10), momentWords(timeMs, index, input)])),
    summary: `${input.title}. ${lines.map((line) => `${line.label}: now ${line.last}`).join('. ')}`,
  };
}

/** Labels of markers near the right edge stand to their left. */
const LEFT_FROM_PERCENT = 75;
/** Labels closer than this would cover each other: they take turns on rows of their own. */
const LABEL_PERCENT = 12;
const LABEL_ROWS = 3;
const LABEL_HEIGHT = 12;
const FIRST_LABEL_Y = 10;

function markersOf({ times, markers = [] }: ChartInput): Chart['markers'] {
  const first = times[0] ?? 0;
  const length = (times.at(-1) ?? 0) - first;
  const shown = markers.filter(({ atMs }) => length > 0 && atMs >= first && atMs <= first + length).sort((left, right) => left.atMs - right.atMs);
  let row = 0;
  let before = -Infinity;
  return shown.map(({ atMs, label, style }) => {
    const x = round((100 * (atMs - first)) / length);
    row = x - before < LABEL_PERCENT ? (row + 1) % LABEL_ROWS : 0;
    before = x;
    return { x, label, style, anchor: x > LEFT_FROM_PERCENT ? 'end' : 'start', y: FIRST_LABEL_Y + row * LABEL_HEIGHT };
  });
}

function pointsOf({ times, points = [] }: ChartInput, scale: Scale): Chart['points'] {
  const first = times[0] ?? 0;
  const length = (times.at(-1) ?? 0) - first;
  return points.filter(({ atMs }) => length > 0 && atMs >= first && atMs <= first + length)
    .map(({ atMs, value, words: said, href, style }) => ({ x: round((100 * (atMs - first)) / length), y: Math.max(TOP_MARGIN, scale.y(value)), words: said, href, style }));
}

interface Scale {
  readonly y: (value: number) => number;
  readonly ticks: readonly number[];
  readonly baseline: number;
}

function scaleOf(input: ChartInput): Scale {
  const values = [...input.series.flatMap((series) => series.values), ...(input.thresholds ?? []).map((threshold) => threshold.value), ...input.atLeast].filter((value) => value !== undefined);
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const ticks = input.scale === 'log' ? logTicks(high) : linearTicks(low, high);
  const project = input.scale === 'log' ? (value: number) => Math.log10(1 + Math.max(0, value)) : (value: number) => value;
  const bottom = Math.min(project(low), project(ticks[0] ?? 0));
  const top = Math.max(project(high), input.scale === 'log' ? 0 : project(ticks.at(-1) ?? 1));
  const y = (value: number): number => round(TOP_MARGIN + ((top - project(value)) / (top - bottom || 1)) * (PLOT_HEIGHT - TOP_MARGIN - 1));
  return { y, ticks, baseline: y(Math.max(0, low)) };
}

/** Three to six round numbers that span the range. */
export function linearTicks(low: number, high: number): number[] {
  const spread = high - low || Math.abs(high) || 1;
  const rough = spread / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? power * 10;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

function logTicks(high: number): number[] {
  const ticks = [0, 1];
  for (let value = 10; value <= Math.max(10, high) && value <= 1e6; value *= 10) ticks.push(value);
  return ticks;
}

function placeOf(times: readonly number[]): (index: number) => number {
  const first = times[0] ?? 0;
  const length = (times.at(-1) ?? 0) - first || 1;
  return (index) => round((((times[index] ?? first) - first) / length) * PLOT_WIDTH);
}

/** Gaps stay gaps: a moment without events is not drawn as anything. */
function pathOf(values: readonly (number | undefined)[], x: (index: number) => number, y: (value: number) => number): string {
  return stretches(values)
    .map((stretch) => stretch.map(([index, value], place) => `${place === 0 ? 'M' : 'L'}${x(index)} ${y(value)}`).join('') + (stretch.length === 1 ? 'h1' : ''))
    .join('');
}

function areaOf(values: readonly (number | undefined)[], x: (index: number) => number, scale: Scale): string {
  return stretches(values)
    .filter((stretch) => stretch.length > 1)
    .map((stretch) => {
      const [first, last] = [stretch[0]?.[0] ?? 0, stretch.at(-1)?.[0] ?? 0];
      const top = stretch.map(([index, value]) => `L${x(index)} ${scale.y(value)}`).join('');
      return `M${x(first)} ${scale.baseline}${top}L${x(last)} ${scale.baseline}Z`;
    })
    .join('');
}

function stretches(values: readonly (number | undefined)[]): [index: number, value: number][][] {
  const found: [number, number][][] = [];
  let current: [number, number][] = [];
  values.forEach((value, index) => {
    if (value !== undefined && Number.isFinite(value)) {
      current.push([index, value]);
    } else if (current.length > 0) {
      found.push(current);
      current = [];
    }
  });
  if (current.length > 0) found.push(current);
  return found;
}

/** Round steps of the time axis, in minutes. */
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 7_200, 10_080, 20_160];
const MAX_TIME_TICKS = 6;
/** The first label that has room on its left says the zone for all. */
const ZONE_FROM_PERCENT = 8;
const MINUTE = 60_000;
const DAY = 86_400_000;

export function timeTicks(times: readonly number[]): Chart['timeTicks'] {
  const first = times[0] ?? 0;
  const range = (times.at(-1) ?? 0) - first;
  if (range <= 0) return [];
  const step = (TIME_STEPS.find((minutes) => range / (minutes * MINUTE) <= MAX_TIME_TICKS) ?? 43_200) * MINUTE;
  const ticks: Chart['timeTicks'][number][] = [];
  for (let at = Math.ceil(first / step) * step; at <= first + range; at += step) {
    const x = round((100 * (at - first)) / range);
    ticks.push({ x, label: timeLabel(at, step), anchor: x < 2 ? 'start' : x > 98 ? 'end' : 'middle' });
  }
  const zoned = ticks.findIndex(({ x }) => x >= ZONE_FROM_PERCENT);
  return ticks.map((tick, index) => (index === zoned ? { ...tick, label: `${tick.label} UTC` } : tick));
}

/** `14:30`; midnights and whole days as `11-20`. */
function timeLabel(timeMs: number, stepMs: number): string {
  const iso = new Date(timeMs).toISOString();
  return stepMs >= DAY || timeMs % DAY === 0 ? iso.slice(5, 10) : iso.slice(11, 16);
}

function momentWords(timeMs: number, index: number, input: ChartInput): string {
  const values = input.series.map((series) => `${series.label} ${words(series.values[index], input.format)}`);
  return `${new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ')} UTC · ${values.join(' · ')}`;
}

function words(value: number | undefined, format: (value: number) => string): string {
  return value === undefined ? '–' : format(value);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** A line of `width` × `height` units without axes, for a table cell. */
export function sparkline(values: readonly number[], width = 100, height = 24): { readonly path: string; readonly area: string } {
  if (values.length < 2) return { path: '', area: '' };
  const most = values.reduce((high, value) => Math.max(high, value), 0) || 1;
  const at = (value: number, index: number): string => `${round((index / (values.length - 1)) * width)} ${round(height - 1 - (value / most) * (height - 2))}`;
  const points = values.map(at);
  return { path: `M${points.join('L')}`, area: `M0 ${height}L${points.join('L')}L${width} ${height}Z` };
}
