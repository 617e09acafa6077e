import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTraffic } from '../../src/cli/diagnose/read-traffic.js';
import { observe } from '../../src/diagnosis/culprit/observe.js';
import { rankSeen, rankSuspects } from '../../src/diagnosis/culprit/rank-suspects.js';
import type { Traffic } from '../../src/diagnosis/culprit/traffic.js';
import { accuracyRow, accuracyRows, ACCURACY_HEADER, leaveOneKindOut, type Outcome } from './accuracy.js';
import { within } from './disturbances.js';
import type { Answered } from './disturbed.js';
import type { Variant } from './variants.js';

/** One fault of a data set with answers. */
interface Case {
  readonly case: string;
  readonly fault: string;
  readonly rootCauseService: string;
  /** UTC, `2023-01-29 10:04:34`. Only needed where faults are disturbed. */
  readonly injectedAt?: string;
}

interface DayFile {
  readonly day: string;
  readonly source: string;
  readonly cases: readonly Case[];
}

/** How one way of looking at a case is named in the tables, and what it leaves of the traffic. */
interface View {
  readonly label: string;
  readonly rank: Variant['rank'];
  readonly hasKinds?: boolean;
}

const withoutLogs = ({ spans }: Traffic): Traffic => ({ spans, logs: [] });
const isIn = (traceId: string, half: number): boolean => Number.parseInt(traceId.slice(-1) || '0', 16) % 2 === half;
const halfOf = ({ spans, logs }: Traffic, half: number): Traffic => ({ spans: spans.filter(({ traceId }) => isIn(traceId, half)), logs: logs.filter(({ traceId }) => isIn(traceId, half)) });

const VIEWS: readonly View[] = [
  { label: '**traces and logs**', rank: ({ seen }) => rankSeen(seen), hasKinds: true },
  { label: '**traces alone**', rank: ({ baseline, incident }) => rankSuspects(withoutLogs(baseline), withoutLogs(incident)), hasKinds: true },
  ...[0, 1].map((half): View => ({ label: `half ${half + 1} of the incident's traces`, rank: ({ baseline, incident }) => rankSuspects(baseline, halfOf(incident, half)) })),
  ...[0, 1].map((half): View => ({ label: `half ${half + 1} of the baseline's traces`, rank: ({ baseline, incident }) => rankSuspects(halfOf(baseline, half), incident) })),
];

/** The lines of the report on a data set with answers. */
export async function measureDay(data: string, variants: readonly Variant[]): Promise<readonly string[]> {
  const { day, source, cases } = JSON.parse(readFileSync(join(data, 'faults.json'), 'utf8')) as DayFile;
  const baseline = await read(data, 'baseline');
  const views = [...VIEWS, ...variants];
  const outcomes = views.map((): Outcome[] => []);
  for (const each of cases) {
    const incident = await read(data, each.case);
    const sides = { baseline, incident, seen: observe(baseline, incident) };
    views.forEach(({ rank }, index) => outcomes[index]!.push(outcomeOf(rank(sides).suspects, each)));
    process.stderr.write(`${each.case} ${each.fault} ${each.rootCauseService}: ${outcomes.map((own) => own.at(-1)!.place).join(' ')}\n`);
  }
  const rows = views.flatMap((view, index) => ('hasKinds' in view ? accuracyRows(view.label, outcomes[index]!) : [accuracyRow(view.label, outcomes[index]!)]));
  const left = variants.length === 0 ? [] : [accuracyRow('**constants chosen on the other kinds of fault**', leaveOneKindOut([outcomes[0]!, ...outcomes.slice(VIEWS.length)]))];
  return [`${cases.length} faults of ${day} (${source}), by service; 95 % intervals by the bootstrap over service and kind of fault.`, '', ...ACCURACY_HEADER, ...rows, ...left, '', healthyLine(baseline)];
}

/** Each fault, and with what was recorded before the three that are nearest in time as its baseline: another time of day, and other users. */
export async function* faultsOfDay(data: string): AsyncGenerator<Answered> {
  const { cases } = JSON.parse(readFileSync(join(data, 'faults.json'), 'utf8')) as DayFile;
  const baseline = await read(data, 'baseline');
  const calm: { readonly each: Case; readonly before: Traffic }[] = [];
  for (const each of cases) calm.push({ each, before: beforeFault(await read(data, each.case), each) });
  for (const each of cases) {
    const incident = await read(data, each.case);
    const nearest = calm.filter((other) => other.each !== each).sort((left, right) => secondsBetween(left.each, each) - secondsBetween(right.each, each)).slice(0, 3).map(({ before }) => before);
    const others = [{ label: 'as baseline what was recorded before the three nearest faults', recording: { baseline: together(nearest), incident } }, { label: 'the baseline and that', recording: { baseline: together([baseline, ...nearest]), incident } }];
    yield { fault: each.fault, cluster: `${each.fault} ${each.rootCauseService}`, answers: [each.rootCauseService], recording: { baseline, incident }, others };
  }
}

function beforeFault(traffic: Traffic, each: Case): Traffic {
  return within(traffic, 0n, BigInt(injectedMs(each)) * 1_000_000n);
}

function injectedMs({ injectedAt = '' }: Case): number {
  return Date.parse(`${injectedAt.replace(' ', 'T')}Z`);
}

function secondsBetween(left: Case, right: Case): number {
  return Math.abs(injectedMs(left) - injectedMs(right)) / 1_000;
}

function together(parts: readonly Traffic[]): Traffic {
  return { spans: parts.flatMap(({ spans }) => spans), logs: parts.flatMap(({ logs }) => logs) };
}

async function read(data: string, name: string): Promise<Traffic> {
  const { spans, logs } = await readTraffic(['traces', 'logs'].map((kind) => join(data, name, `${kind}.otlp.jsonl.gz`)));
  return { spans, logs };
}

function outcomeOf(suspects: readonly { readonly service: string }[], { fault, rootCauseService }: Case): Outcome {
  return { place: suspects.findIndex(({ service }) => service === rootCauseService) + 1, fault, cluster: `${fault} ${rootCauseService}` };
}

/** What is healthy must have no strong suspect. */
function healthyLine(baseline: Traffic): string {
  const [first, second] = [halfOf(baseline, 0), halfOf(baseline, 1)];
  const same = [rankSuspects(baseline, baseline), rankSuspects(first, second), rankSuspects(second, first)].map(({ suspects }) => suspects);
  return `Baseline against itself, and its halves against each other: ${same.map((suspects) => suspects.filter(({ strength }) => strength === 'strong').length).join(', ')} strong suspects; highest scores ${same.map(([suspect]) => (suspect?.score ?? 0).toFixed(1)).join(', ')}.`;
}
