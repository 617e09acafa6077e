import { observe } from '../../src/diagnosis/culprit/observe.js';
import { rankSeen, rankSuspects } from '../../src/diagnosis/culprit/rank-suspects.js';
import type { CulpritSuspect } from '../../src/diagnosis/culprit/suspect.js';
import { accuracyRow, accuracyRows, ACCURACY_HEADER, leaveOneKindOut, type Outcome } from './accuracy.js';
import { FAULT_KINDS } from './made-up-fault.js';
import { madeUpCalm, madeUpIncident, type Circumstances, type MadeUpIncident } from './made-up-incident.js';
import type { Answered } from './disturbed.js';
import type { Variant } from './variants.js';

/** Other seeds than those of the tests. */
const FIRST_SEED = 5_000;

/** The same kinds of fault in systems of which one thing is other than usual. */
const CIRCUMSTANCES: readonly { readonly label: string; readonly circumstances: Circumstances }[] = [
  { label: 'systems of five services', circumstances: { size: 5 } },
  { label: 'a fifth of the requests', circumstances: { quiet: true } },
  { label: 'services stand nearly still now and then', circumstances: { badMoments: true } },
];

interface Ranked {
  readonly incident: MadeUpIncident;
  readonly withLogs: Outcome;
  readonly withoutLogs: Outcome;
  readonly operation: Outcome | undefined;
  readonly pod: Outcome | undefined;
  readonly variants: readonly Outcome[];
}

/** The lines of the report on made-up systems, each with every kind of fault. */
export function measureMadeUp(systems: number, variants: readonly Variant[]): readonly string[] {
  const ranked: Ranked[] = [];
  for (const kind of FAULT_KINDS) {
    for (let index = 0; index < systems; index += 1) ranked.push(rankMadeUp(madeUpIncident(kind, FIRST_SEED + 10 * index), { system: `system ${index}`, variants }));
    process.stderr.write(`${kind}: ${ranked.slice(-systems).map(({ withLogs, withoutLogs }) => `${withLogs.place}/${withoutLogs.place}`).join(' ')}\n`);
  }
  const all = ranked.map(({ withLogs }) => withLogs);
  const where = (condition: (incident: MadeUpIncident) => boolean): readonly Outcome[] => ranked.filter(({ incident }) => condition(incident)).map(({ withLogs }) => withLogs);
  return [
    `${systems} made-up systems with ${FAULT_KINDS.length} kinds of fault each; 95 % intervals by the bootstrap over systems.`, '', ...ACCURACY_HEADER,
    ...accuracyRows('**traces and logs**', all), ...accuracyRows('**traces alone**', ranked.map(({ withoutLogs }) => withoutLogs)),
    accuracyRow('the operation, among operations, where the fault is of one', ranked.flatMap(({ operation }) => operation ?? [])), accuracyRow('the pod or version, among resources, where it is of one', ranked.flatMap(({ pod }) => pod ?? [])),
    accuracyRow('recorded from before the fault', where(({ hasBefore }) => hasBefore)), accuracyRow('recorded from the fault on', where(({ hasBefore }) => !hasBefore)),
    accuracyRow('another service drifts', where(({ drifts }) => drifts)), accuracyRow('none drifts', where(({ drifts }) => !drifts)),
    ...CIRCUMSTANCES.map(({ label, circumstances }) => accuracyRow(label, outcomesIn(circumstances, systems))),
    ...variants.map(({ label }, index) => accuracyRow(label, ranked.map((each) => each.variants[index]!))),
    ...(variants.length === 0 ? [] : [accuracyRow('**constants chosen on the other kinds of fault**', leaveOneKindOut([all, ...variants.map((_, index) => ranked.map((each) => each.variants[index]!))]))]),
    '', calmLine(systems),
  ];
}

export function* madeUpFaults(systems: number): Generator<Answered> {
  for (const fault of FAULT_KINDS) {
    for (let index = 0; index < systems; index += 1) {
      const { baseline, incident, answers } = madeUpIncident(fault, FIRST_SEED + 10 * index);
      yield { fault, cluster: `system ${index}`, answers, recording: { baseline, incident }, others: [] };
    }
  }
}

function outcomesIn(circumstances: Circumstances, systems: number): readonly Outcome[] {
  return FAULT_KINDS.flatMap((fault) => Array.from({ length: systems }, (_, index): Outcome => {
    const { baseline, incident, answers } = madeUpIncident(fault, FIRST_SEED + 10 * index, circumstances);
    return { place: placeIn(rankSuspects(baseline, incident).suspects, answers), fault, cluster: `system ${index}` };
  }));
}

function placeIn(suspects: readonly CulpritSuspect[], answers: readonly string[]): number {
  return suspects.findIndex(({ service }) => answers.includes(service)) + 1;
}

function rankMadeUp(incident: MadeUpIncident, { system, variants }: { readonly system: string; readonly variants: readonly Variant[] }): Ranked {
  const { baseline, incident: during, fault } = incident;
  const sides = { baseline, incident: during, seen: observe(baseline, during) };
  const { suspects, operations, resources } = rankSeen(sides.seen);
  const outcome = (place: number): Outcome => ({ place, fault: incident.kind, cluster: system });
  const placeOf = (own: readonly CulpritSuspect[]): number => placeIn(own, incident.answers);
  const keepers = fault.kind === 'errors of one version' ? ['2.0'] : [fault.pod?.name];
  return {
    incident, withLogs: outcome(placeOf(suspects)), withoutLogs: outcome(placeOf(rankSuspects({ ...baseline, logs: [] }, { ...during, logs: [] }).suspects)),
    operation: fault.operation && outcome(operations.findIndex(({ service, operation }) => service === fault.service.name && operation === fault.operation?.name) + 1),
    pod: fault.pod && outcome(resources.findIndex(({ value, same }) => [value, ...same.map((each) => each.value)].some((each) => keepers.includes(each))) + 1),
    variants: variants.map(({ rank }) => outcome(placeOf(rank(sides).suspects))),
  };
}

function calmLine(systems: number): string {
  const strong = Array.from({ length: systems }, (_, index) => madeUpCalm(FIRST_SEED + 10 * index)).filter(({ baseline, incident }) => rankSuspects(baseline, incident).suspects.some(({ strength }) => strength === 'strong')).length;
  return `Two recordings of the same healthy system: ${strong} of ${systems} have a strong suspect.`;
}
