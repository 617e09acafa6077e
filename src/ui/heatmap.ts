import { formatLatency } from '../lib/format.js';
import { ROWS_PER_OCTAVE, type Heatmap } from '../query/survey-reader.js';
import type { TimeWindow } from '../query/time-window.js';
import { timeTicks } from './chart.js';
import { counted } from './words.js';

const ROW_HEIGHT = 9;
/** So many rows at least, so that a single band is not drawn as a wall. */
const MIN_ROWS = 12;
const FAINTEST = 0.18;

export interface HeatmapCellView {
  /** Percent of the width. */
  readonly x: number;
  readonly width: number;
  readonly y: number;
  /** How many: on a scale of logarithms. */
  readonly opacity: number;
  /** Height of the part that failed. */
  readonly failed: number;
  readonly words: string;
  readonly href: string;
}

export interface HeatmapView {
  readonly height: number;
  readonly cells: readonly HeatmapCellView[];
  readonly labels: readonly { readonly y: number; readonly text: string }[];
  readonly timeTicks: readonly { readonly x: number; readonly label: string; readonly anchor: 'start' | 'middle' | 'end' }[];
  /** What the brush needs to know: columns, milliseconds of the first and between two, the highest row, rows, row height. */
  readonly geometry: { readonly columns: number; readonly fromMs: number; readonly stepMs: number; readonly topRow: number; readonly rows: number };
  /** What is chosen of it, where less than everything is. */
  readonly chosen: { readonly x: number; readonly width: number; readonly y: number; readonly height: number } | undefined;
  readonly spans: number;
  readonly errors: number;
}

export interface HeatmapChoice {
  /** Undefined: all of the map's times. */
  readonly times: TimeWindow | undefined;
  readonly minNs: number | undefined;
  readonly maxNs: number | undefined;
}

/** What a cell stands for, as the search reads it. */
export interface HeatmapArea {
  readonly fromMs: number;
  readonly toMs: number;
  readonly minDuration: string;
  readonly maxDuration: string;
}

/** Undefined where nothing was counted. `hrefOf` makes the link that narrows the search to one cell. */
export function heatmapView(heatmap: Heatmap, choice: HeatmapChoice, hrefOf: (area: HeatmapArea) => string): HeatmapView | undefined {
  const { cells, columns, fromMs, stepMs } = heatmap;
  if (cells.length === 0) return undefined;
  const highest = Math.max(...cells.map(({ row }) => row));
  const rows = Math.max(MIN_ROWS, highest - Math.min(...cells.map(({ row }) => row)) + 1);
  const most = Math.max(...cells.map(({ spans }) => spans));
  const geometry = { columns, fromMs, stepMs, topRow: highest, rows };
  const yOf = (row: number): number => (highest - row) * ROW_HEIGHT;
  return {
    height: rows * ROW_HEIGHT, geometry,
    cells: cells.map((cell) => {
      const area = { fromMs: fromMs + cell.column * stepMs, toMs: fromMs + (cell.column + 1) * stepMs, minDuration: durationOfRow(cell.row), maxDuration: durationOfRow(cell.row + 1) };
      return {
        x: round((100 * cell.column) / columns), width: round(100 / columns), y: yOf(cell.row), opacity: round(FAINTEST + (1 - FAINTEST) * (Math.log1p(cell.spans) / Math.log1p(most))),
        failed: cell.errors <= 0 ? 0 : round(Math.max(0.2, Math.min(1, cell.errors / cell.spans)) * ROW_HEIGHT),
        words: `${counted(cell.spans, 'span')}${cell.errors > 0 ? `, ${Math.round(cell.errors)} failed` : ''} · ${formatLatency(nsOfRow(cell.row))} to ${formatLatency(nsOfRow(cell.row + 1))} · ${new Date(area.fromMs).toISOString().slice(11, 16)} UTC`,
        href: hrefOf(area),
      };
    }),
    labels: labelsOf(geometry, yOf), timeTicks: timeTicks([fromMs, fromMs + columns * stepMs]), chosen: chosenOf(choice, geometry),
    spans: cells.reduce((sum, { spans }) => sum + spans, 0), errors: cells.reduce((sum, { errors }) => sum + errors, 0),
  };
}

function nsOfRow(row: number): number {
  return 2 ** (row / ROWS_PER_OCTAVE);
}

/** Milliseconds that `parseDuration` reads; empty where the row holds whatever is shorter too. */
export function durationOfRow(row: number): string {
  if (row === 0) return '';
  return `${Number((nsOfRow(row) / 1e6).toFixed(6))}ms`;
}

/** A label each two octaves, the bottom of its row. */
function labelsOf({ topRow, rows }: HeatmapView['geometry'], yOf: (row: number) => number): HeatmapView['labels'] {
  const step = ROWS_PER_OCTAVE * 2;
  const first = Math.ceil((topRow - rows + 1) / step) * step;
  return Array.from({ length: Math.floor((topRow - first) / step) + 1 }, (_, index) => ({ y: yOf(first + index * step) + ROW_HEIGHT, text: formatLatency(nsOfRow(first + index * step)) }));
}

function chosenOf({ times, minNs, maxNs }: HeatmapChoice, geometry: HeatmapView['geometry']): HeatmapView['chosen'] {
  if (times === undefined && minNs === undefined && maxNs === undefined) return undefined;
  const wholeMs = geometry.columns * geometry.stepMs;
  const xOf = (timeMs: number): number => Math.min(100, Math.max(0, (100 * (timeMs - geometry.fromMs)) / wholeMs));
  const [left, right] = times === undefined ? [0, 100] : [xOf(times.fromMs), xOf(times.toMs)];
  const yOfNs = (ns: number): number => Math.min(geometry.rows * ROW_HEIGHT, Math.max(0, (geometry.topRow + 1 - Math.log2(Math.max(1, ns)) * ROWS_PER_OCTAVE) * ROW_HEIGHT));
  const [top, bottom] = [maxNs === undefined ? 0 : yOfNs(maxNs), minNs === undefined ? geometry.rows * ROW_HEIGHT : yOfNs(minNs)];
  return { x: round(left), width: round(Math.max(0.5, right - left)), y: round(top), height: round(Math.max(2, bottom - top)) };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
