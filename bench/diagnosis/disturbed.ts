import { observe } from '../../src/diagnosis/culprit/observe.js';
import { rankSeen } from '../../src/diagnosis/culprit/rank-suspects.js';
import { accuracyCells, ACCURACY_HEADER, shareWithin, type Outcome } from './accuracy.js';
import { DISTURBANCES, renamedService, type Recording } from './disturbances.js';
import type { Variant } from './variants.js';

/** One fault whose answer is known. */
export interface Answered {
  readonly fault: string;
  readonly cluster: string;
  readonly recording: Recording;
  /** Services of which each is right. */
  readonly answers: readonly string[];
  /** Further recordings that should give the same answer. */
  readonly others: readonly { readonly label: string; readonly recording: Recording }[];
}

const AS_IT_IS = 'as recorded';
const AS_IS: Variant = { label: 'constants as they are', rank: ({ seen }) => rankSeen(seen) };

/** Outcomes by disturbance; those of one fault's draws are together. */
type Table = Map<string, (readonly Outcome[])[]>;

export interface DisturbedOptions {
  readonly variants: readonly Variant[];
  /** Part of a label: only such disturbances. */
  readonly only: string;
}

/** The lines of the report on how far answers survive disturbances: a table for the ranking as it is, and one for each variant. */
export async function measureDisturbed(faults: AsyncIterable<Answered> | Iterable<Answered>, { variants, only }: DisturbedOptions): Promise<readonly string[]> {
  const rankings = [AS_IS, ...variants];
  const tables = rankings.map((): Table => new Map());
  for await (const answered of faults) {
    for (const { label, recordings } of recordingsOf(answered).filter((each) => each.label === AS_IT_IS || each.label.includes(only))) {
      const places = recordings().map((recording) => placesIn(recording, answered, rankings));
      tables.forEach((table, index) => {
        const own = table.get(label) ?? [];
        table.set(label, own);
        own.push(places.map((each) => ({ place: each[index]!, fault: answered.fault, cluster: answered.cluster })));
      });
    }
    process.stderr.write(`${answered.fault} ${answered.answers.join(' or ')} (${answered.cluster}): ${[...tables[0]!].map(([, own]) => own.at(-1)!.map(({ place }) => place).join(',')).join(' ')}\n`);
  }
  return rankings.flatMap(({ label }, index) => [`Disturbed, ${label}:`, '', ...rowsOf(tables[index]!), '']);
}

function recordingsOf({ recording, others, answers }: Answered): readonly { readonly label: string; readonly recordings: () => readonly Recording[] }[] {
  const disturbed = DISTURBANCES.map(({ label, draws, disturb }) => ({ label, recordings: () => Array.from({ length: draws }, (_, draw) => disturb(recording, draw, answers[0]!)) }));
  return [{ label: AS_IT_IS, recordings: () => [recording] }, ...disturbed, ...others.map((other) => ({ label: other.label, recordings: () => [other.recording] }))];
}

function placesIn({ baseline, incident }: Recording, { answers }: Answered, rankings: readonly Variant[]): readonly number[] {
  const sides = { baseline, incident, seen: observe(baseline, incident) };
  const right = new Set([...answers, ...answers.map(renamedService)]);
  return rankings.map(({ rank }) => rank(sides).suspects.findIndex(({ service }) => right.has(service)) + 1);
}

function rowsOf(table: Table): readonly string[] {
  const recorded = table.get(AS_IT_IS)!.map(([outcome]) => outcome!.place === 1);
  const [titles, line] = ACCURACY_HEADER;
  return [`${titles} lost | won |`, `${line}---|---|`, ...[...table].map(([label, own]) => {
    const moved = (from: boolean): string => percentOf(own.filter((_, index) => recorded[index] === from).flat(), from);
    return `| ${label} | ${accuracyCells(own.flat())} | ${moved(true)} | ${moved(false)} |`;
  })];
}

/** Of those that were first as recorded (or were not), the share that no longer is (or now is). */
function percentOf(outcomes: readonly Outcome[], wasFirst: boolean): string {
  if (outcomes.length === 0) return '–';
  const first = shareWithin(outcomes, 1);
  return `${(100 * (wasFirst ? 1 - first : first)).toFixed(0)} %`;
}
