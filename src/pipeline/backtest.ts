import { CoverageIndex } from '../budget/coverage-index.js';
import { minuteOf } from '../budget/minute-series.js';
import { randomOf, type RandomSource } from '../budget/random-source.js';
import { countedFor, seriesLimits } from '../budget/slice-index.js';
import type { SloStatus } from '../budget/slo-status.js';
import { MINUTE_MS } from '../lib/duration.js';
import type { CompiledSlo } from '../sli/compile-slo.js';
import { isSampled, redraw } from './redraw-slices.js';
import type { HistoryExtent, ReplayHistory } from './replay-history.js';
import { Replay, type ArrivedSlice, type ReplayedIncident } from './replay.js';

export interface RulesUnderTest {
  /** For people: the directory. */
  readonly name: string;
  readonly slos: readonly CompiledSlo[];
}

export interface BacktestInput {
  readonly history: ReplayHistory;
  /** What they share is read once. */
  readonly ruleSets: readonly RulesUnderTest[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly imported: boolean;
  /** Share of the work that is done, in [0, 1]. */
  readonly onProgress?: (share: number) => void;
}

/** What the counts of an SLO rest on. A stretch without either is silence. */
export interface CountBasis {
  readonly slo: string;
  /** Counts of that time: exact. */
  readonly exactFromMs: number | undefined;
  /** Counted anew from stored spans, up to `exactFromMs` where there is one. */
  readonly estimatedFromMs: number | undefined;
  /** Spans that the recount found, and whether they were a sample: then figures have an interval. */
  readonly recounted: number;
  readonly sampled: boolean;
  /** False where events are not simply good or bad (shares, mean durations, whole traces): stored spans are then not counted anew. */
  readonly recountable: boolean;
}

export interface BacktestResult {
  readonly name: string;
  readonly incidents: readonly ReplayedIncident[];
  /** As of the end. */
  readonly statuses: readonly SloStatus[];
  readonly bases: readonly CountBasis[];
  readonly minutesJudged: number;
  /** Fewest and most pages over DRAWS other samples of the same spans (about 90 %); undefined where nothing was sampled. */
  readonly pagesBetween: readonly [number, number] | undefined;
}

/** So many minutes are read at once: some ten thousand slices of a hundred SLOs, a breath for a service that has others to serve. */
const PORTION_MINUTES = 360;
/** Smallest and largest of 20 draws span 18/20 of the distribution. */
export const DRAWS = 20;
const SEED = 20_261_125;

/** Replays the same past against each rule set. */
export async function backtest(input: BacktestInput): Promise<readonly BacktestResult[]> {
  const run = await BacktestRun.begin(input);
  await run.replayAll();
  return run.results();
}

/** One rule set on its way through the past, and its other samples. */
interface Lane {
  readonly rules: RulesUnderTest;
  readonly replay: Replay;
  readonly draws: readonly { readonly replay: Replay; readonly random: RandomSource }[];
}

interface Counted {
  recounted: number;
  sampled: boolean;
}

class BacktestRun {
  readonly #input: BacktestInput;
  readonly #extent: HistoryExtent;
  /** Those that are counted: of a composite objective its parts. */
  readonly #slos: ReadonlyMap<string, CompiledSlo>;
  readonly #lanes: readonly Lane[];
  readonly #counted = new Map<string, Counted>();
  readonly #beginMinute: number;

  private constructor(input: BacktestInput, extent: HistoryExtent, slos: ReadonlyMap<string, CompiledSlo>) {
    this.#input = input;
    this.#extent = extent;
    this.#slos = slos;
    const coverage = coverageOf(extent);
    const fromMinute = minuteOf(input.fromMs);
    const replayOf = (measured: readonly CompiledSlo[]): Replay => new Replay({ slos: measured, coverage: (from, to) => coverage.share(from, to), fromMinute });
    this.#lanes = input.ruleSets.map((rules) => {
      const estimated = rules.slos.filter((slo) => this.#exactFrom(slo) > fromMinute);
      const draws = estimated.length === 0 ? 0 : DRAWS;
      return { rules, replay: replayOf(rules.slos), draws: Array.from({ length: draws }, (_, index) => ({ replay: replayOf(estimated), random: randomOf(SEED + index) })) };
    });
    const firstKnown = Math.min(extent.firstSpanMinute ?? Infinity, ...extent.firstMinutes.values());
    this.#beginMinute = Math.min(fromMinute, Math.max(fromMinute - longestWindow(slos.values()), firstKnown));
  }

  static async begin(input: BacktestInput): Promise<BacktestRun> {
    const slos = new Map(input.ruleSets.flatMap((rules) => rules.slos.filter(({ parts }) => parts === undefined).map((slo) => [slo.sliceKey, slo] as const)));
    const query = { sliceKeys: [...slos.keys()], fromMinute: minuteOf(input.fromMs) - longestWindow(slos.values()), toMinute: minuteOf(input.toMs), imported: input.imported };
    return new BacktestRun(input, await input.history.extent(query), slos);
  }

  async replayAll(): Promise<void> {
    const endMinute = minuteOf(this.#input.toMs);
    for (let minute = this.#beginMinute; minute < endMinute; minute += PORTION_MINUTES) {
      const toMinute = Math.min(minute + PORTION_MINUTES, endMinute);
      this.#replay(await this.#read(minute, toMinute), minute, toMinute);
      this.#input.onProgress?.((toMinute - this.#beginMinute) / (endMinute - this.#beginMinute));
    }
  }

  results(): BacktestResult[] {
    return this.#lanes.map(({ rules, replay, draws }) => {
      const sampled = rules.slos.some((slo) => this.#countedFor(slo).sampled);
      const estimated = this.#estimated(rules);
      const certain = pagesOf(replay.incidents().filter(({ slo }) => !estimated.has(slo)));
      const drawn = draws.map((draw) => certain + pagesOf(draw.replay.incidents()));
      const pages = [pagesOf(replay.incidents()), ...drawn];
      return {
        name: rules.name, incidents: replay.incidents(), statuses: replay.statuses(), bases: rules.slos.map((slo) => this.#basisOf(slo)), minutesJudged: replay.evaluations,
        pagesBetween: sampled ? [Math.min(...pages), Math.max(...pages)] : undefined,
      };
    });
  }

  /** Slices of that time where there are any; else the spans are counted once more. */
  async #read(fromMinute: number, toMinute: number): Promise<{ readonly exact: readonly ArrivedSlice[]; readonly estimated: readonly ArrivedSlice[] }> {
    const { history, imported } = this.#input;
    const exact = await history.slices({ sliceKeys: [...this.#slos.keys()], fromMinute, toMinute, imported });
    const estimated: ArrivedSlice[] = [];
    for (const slo of this.#slos.values()) {
      if (!isRecountable(slo)) continue;
      const range = { fromMinute: Math.max(fromMinute, this.#extent.firstSpanMinute ?? Infinity), toMinute: Math.min(toMinute, this.#exactFrom(slo)) };
      if (range.fromMinute >= range.toMinute) continue;
      const slices = await history.recount({ slo, ...range, imported });
      this.#count(slo.sliceKey, slices);
      estimated.push(...slices);
    }
    return { exact, estimated };
  }

  #replay({ exact, estimated }: { readonly exact: readonly ArrivedSlice[]; readonly estimated: readonly ArrivedSlice[] }, fromMinute: number, toMinute: number): void {
    const arrived = byArrival(exact, estimated);
    for (const { replay, draws } of this.#lanes) {
      replay.run(arrived, fromMinute, toMinute);
      for (const draw of draws) draw.replay.run(byArrival(exact, estimated.map((slice) => redraw(slice, draw.random))), fromMinute, toMinute);
    }
  }

  #count(sliceKey: string, slices: readonly ArrivedSlice[]): void {
    const counted = this.#counted.get(sliceKey) ?? { recounted: 0, sampled: false };
    for (const slice of slices) {
      counted.recounted += slice.events;
      counted.sampled ||= isSampled(slice);
    }
    this.#counted.set(sliceKey, counted);
  }

  #exactFrom(slo: CompiledSlo): number {
    return Math.max(...countedFor(slo).map(({ sliceKey }) => this.#extent.firstMinutes.get(sliceKey) ?? Infinity));
  }

  #countedFor(slo: CompiledSlo): Counted {
    const counted = countedFor(slo).flatMap(({ sliceKey }) => this.#counted.get(sliceKey) ?? []);
    return { recounted: counted.reduce((sum, { recounted }) => sum + recounted, 0), sampled: counted.some(({ sampled }) => sampled) };
  }

  #estimated({ slos }: RulesUnderTest): ReadonlySet<string> {
    return new Set(slos.filter((slo) => this.#exactFrom(slo) > minuteOf(this.#input.fromMs)).map(({ slo }) => slo.name));
  }

  #basisOf(compiled: CompiledSlo): CountBasis {
    const exactFrom = this.#exactFrom(compiled);
    const { recounted, sampled } = this.#countedFor(compiled);
    return {
      slo: compiled.slo.name, recounted, sampled, recountable: countedFor(compiled).every(({ sliceKey }) => isRecountable(this.#slos.get(sliceKey))),
      exactFromMs: Number.isFinite(exactFrom) ? Math.max(exactFrom, this.#beginMinute) * MINUTE_MS : undefined,
      estimatedFromMs: recounted > 0 ? Math.max(this.#extent.firstSpanMinute ?? 0, this.#beginMinute) * MINUTE_MS : undefined,
    };
  }
}

/** Where a stored span is an event that is good or bad. */
function isRecountable(slo: CompiledSlo | undefined): boolean {
  return slo?.measure === undefined && slo?.journey === undefined;
}

function pagesOf(incidents: readonly ReplayedIncident[]): number {
  return incidents.filter(({ pagedAtMs }) => pagedAtMs !== undefined).length;
}

function byArrival(left: readonly ArrivedSlice[], right: readonly ArrivedSlice[]): readonly ArrivedSlice[] {
  return right.length === 0 ? left : [...left, ...right].sort((one, other) => one.arrivalMinute - other.arrivalMinute);
}

function longestWindow(slos: Iterable<CompiledSlo>): number {
  return Math.max(0, ...[...slos].map(({ slo }) => seriesLimits(slo).windowMinutes));
}

function coverageOf({ covered }: HistoryExtent): CoverageIndex {
  const coverage = new CoverageIndex();
  for (const [from, to] of covered) for (let minute = from; minute < to; minute += 1) coverage.markCovered(minute);
  return coverage;
}
