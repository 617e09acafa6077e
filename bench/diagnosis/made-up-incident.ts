import { randomOf, type RandomSource } from '../../src/budget/random-source.js';
import type { Traffic } from '../../src/diagnosis/culprit/traffic.js';
import { buildFault, type Fault, type FaultKind } from './made-up-fault.js';
import { between, buildSystem, pick, type Door, type Service, type System } from './made-up-system.js';
import { MadeUpTraffic, type Conditions } from './made-up-traffic.js';

/** A made-up system before and during one fault, of which the answer is known. */
export interface MadeUpIncident {
  readonly kind: FaultKind;
  readonly baseline: Traffic;
  readonly incident: Traffic;
  readonly fault: Fault;
  /** A slow database is named itself, where its spans name it. */
  readonly answers: readonly string[];
  /** The incident's recording begins before the fault. */
  readonly hasBefore: boolean;
  /** Another service got slower too, from before the fault began. */
  readonly drifts: boolean;
}

/** What is so of a system besides what its seed says. */
export interface Circumstances {
  /** How many services it has. */
  readonly size?: number;
  /** Each of its services stands nearly still for a second or two, now and then, with the fault and without. */
  readonly badMoments?: boolean;
  /** A fifth of the requests. */
  readonly quiet?: boolean;
}

/** Where it is messages that pile up, every other call is one: else few systems have any that enough requests send. */
const MANY_MESSAGES = 0.5;

/** The same seed gives the same system, traffic and fault; the kinds of fault of one seed meet the same system, but for how many of its calls are messages. */
export function madeUpIncident(kind: FaultKind, seed: number, { size, badMoments = false, quiet = false }: Circumstances = {}): MadeUpIncident {
  const random = randomOf(seed);
  const system = buildSystem(random, { size, ...(kind === 'messages pile up' ? { messages: MANY_MESSAGES } : {}) });
  const [hasBefore, drifts] = [random.next() < 0.7, random.next() < 0.5];
  const part = quiet ? 0.2 : 1;
  const requests = { before: Math.round(part * between(random, 60, 160)), during: Math.round(part * between(random, 80, 220)) };
  const calm: Conditions = { doors: system.doors.filter((_, index) => index === 0 || random.next() < 0.9), load: 1, pace: new Map(), badMoments };
  const baseline = new MadeUpTraffic(system, seed + 1, calm).requests(requests.before);
  const incidentLoad = Math.exp(between(random, -0.7, 0.7));
  const fromMs = hasBefore ? ((requests.during * 700) / incidentLoad) * between(random, 0.25, 0.6) : 0;
  const fault = buildFault(kind, system, { random: randomOf(seed + 3), baseline, fromMs });
  const pace = paceOf(system, { random, slower: drifts ? pick(random, system.services.filter((service) => service !== fault.service)) : undefined });
  const incident = new MadeUpTraffic(system, seed + 2, { doors: otherMix(system.doors, random), load: incidentLoad, pace, fault, badMoments }).requests(requests.during);
  return { kind, baseline, incident, fault, answers: kind === 'slow database' ? [fault.service.name, 'postgresql'] : [fault.service.name], hasBefore, drifts };
}

/** Two recordings of one system in which nothing is wrong. */
export function madeUpCalm(seed: number): { readonly baseline: Traffic; readonly incident: Traffic } {
  const random = randomOf(seed);
  const system = buildSystem(random);
  const calm: Conditions = { doors: system.doors, load: 1, pace: new Map() };
  return { baseline: new MadeUpTraffic(system, seed + 1, calm).requests(160), incident: new MadeUpTraffic(system, seed + 2, calm).requests(240) };
}

/** Users do not always want the same. */
function otherMix(doors: readonly Door[], random: RandomSource): readonly Door[] {
  return doors.map(({ operation, weight }) => ({ operation, weight: weight * Math.exp(between(random, -0.8, 0.8)) }));
}

function paceOf({ services }: System, { random, slower }: { readonly random: RandomSource; readonly slower: Service | undefined }): ReadonlyMap<Service, number> {
  return new Map(services.map((service) => [service, Math.exp(between(random, -0.15, 0.15)) * (service === slower ? 1.6 : 1)]));
}
