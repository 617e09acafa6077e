import { groupBy } from '../../lib/group-by.js';
import type { Count } from './change.js';
import { servedInWords, type Served, type WordOptions } from './in-words.js';
import { sumOf } from './judge.js';
import type { Observation } from './observe.js';
import { RESOURCE_KEYS, valueOf } from './resource.js';
import { belief, mantelHaenszel, PRIOR_ODDS } from './statistics.js';
import { LEAST_SCORE, strengthOf, strongOnes } from './strength.js';
import type { Charge, CulpritResource } from './suspect.js';

/** What each service answered. */
export type Answers = ReadonlyMap<string, readonly Observation[]>;

export interface ServedOptions {
  readonly baseline: Answers;
  readonly incident: Answers;
  /** Both sides were taken from the same time. */
  readonly sameTime: boolean;
  readonly words: WordOptions;
}

/** What of the charges against one service falls on requests that a resource served, as far as it is believed that they keep to it. */
interface ResourceCharge extends Served {
  readonly score: number;
  readonly pValue: number;
}

/** By operation and trace. A request that several visits of one trace make has the values of all of them. */
type Values = ReadonlyMap<string, Requests>;
type Requests = ReadonlyMap<string, Having>;
type Having = ReadonlySet<string | undefined>;

const NO_REQUESTS: Requests = new Map();

/** The resources on which the charges fall, the most telling first. Small charges are best left out: their requests are as good as any. */
export function rankResources(charges: readonly Charge[], options: ServedOptions): readonly CulpritResource[] {
  const found = [...groupBy(charges, ({ service }) => service)].flatMap(([service, own]) => RESOURCE_KEYS.flatMap((attribute) => chargesOn(attribute, own, {
    service, during: valuesOf(options.incident.get(service) ?? [], attribute), before: valuesOf(options.baseline.get(service) ?? [], attribute), sameTime: options.sameTime,
  })));
  const isStrong = strongOnes(found);
  const together = [...groupBy(found, keyOf).values()].map((parts) => {
    const [first, ...more] = [...parts].sort((left, right) => right.score - left.score || (left.service < right.service ? -1 : 1)) as [ResourceCharge, ...ResourceCharge[]];
    const score = more.reduce((sum, part) => sum + part.score, first.score);
    return { first, score, services: [first, ...more].filter((part) => part.score >= LEAST_SCORE).map(({ service }) => service) };
  }).filter(({ score }) => score >= LEAST_SCORE);
  const told = together.map(({ first, score, services }) => {
    const { attribute, value } = first;
    return { requests: requestsOn(first, options.incident), resource: { attribute, value, services, score, strength: strengthOf(score, isStrong(first)), first } };
  });
  return withoutNamesakes(told).map(({ first, ...resource }) => ({ ...resource, reason: servedInWords(first, resource.same, options.words) }));
}

interface ServiceValues {
  readonly service: string;
  readonly during: Values;
  readonly before: Values;
  readonly sameTime: boolean;
}

function chargesOn(attribute: string, charges: readonly Charge[], { service, during, before, sameTime }: ServiceValues): readonly ResourceCharge[] {
  const values = distinct(during);
  // Where nothing in the incident differs from it, as after a rollout, only the baseline can.
  const others: Served['others'] = sameTime ? 'both' : values.size > 1 ? 'incident' : 'baseline';
  const rivals = others === 'incident' ? values.size : new Set([...values, ...distinct(before)]).size;
  if (rivals < 2) return [];
  const affected = groupBy(charges, ({ operation }) => operation);
  const strata = [...affected].map(([operation, own]) => {
    const [bad, calm] = parted(during.get(operation) ?? NO_REQUESTS, new Set(own.flatMap(({ nats }) => [...nats.keys()])));
    return { bad, others: [...(others === 'baseline' ? [] : calm), ...(others === 'incident' ? [] : (before.get(operation)?.values() ?? []))] };
  });
  return [...values].filter((value) => value !== undefined).map((value) => {
    const having = (requests: readonly Having[]): number => requests.filter((own) => own.has(value)).length;
    const counts = strata.map((stratum) => ({ incident: having(stratum.bad), incidentOf: stratum.bad.length, baseline: having(stratum.others), baselineOf: stratum.others.length }));
    const pValue = mantelHaenszel(counts);
    const falling = charges.map((charge) => ({ charge, nats: natsOn(charge, (traceId) => during.get(charge.operation)?.get(traceId)?.has(value) === true) }));
    const most = falling.reduce((best, each) => (each.nats > best.nats ? each : best));
    const nats = falling.reduce((sum, each) => sum + each.nats, 0);
    return { service, attribute, value, pValue, counts, others, charge: most.charge, score: belief(pValue, PRIOR_ODDS / rivals) * partBeyond(counts) * nats };
  });
}

/** Which part of what falls on a resource is more than its share of the others lets expect. */
export function partBeyond(counts: readonly Count[]): number {
  const [affected, others] = [sumOf(counts, 'incident') / Math.max(1, sumOf(counts, 'incidentOf')), sumOf(counts, 'baseline') / Math.max(1, sumOf(counts, 'baselineOf'))];
  return affected <= others ? 0 : 1 - others / affected;
}

function natsOn({ nats }: Charge, isServed: (traceId: string) => boolean): number {
  let sum = 0;
  for (const [traceId, own] of nats) if (isServed(traceId)) sum += own;
  return sum;
}

function valuesOf(observations: readonly Observation[], attribute: string): Values {
  const operations = new Map<string, Map<string, Set<string | undefined>>>();
  for (const observation of observations) {
    const { operation, traceId } = observation.visit;
    const requests = operations.get(operation) ?? new Map<string, Set<string | undefined>>();
    operations.set(operation, requests);
    requests.set(traceId, (requests.get(traceId) ?? new Set()).add(valueOf(observation, attribute)));
  }
  return operations;
}

function distinct(values: Values): Having {
  return new Set([...values.values()].flatMap((requests) => [...requests.values()].flatMap((own) => [...own])));
}

function parted(requests: Requests, affected: ReadonlySet<string>): readonly [readonly Having[], readonly Having[]] {
  const all = [...requests];
  return [all.filter(([traceId]) => affected.has(traceId)).map(([, own]) => own), all.filter(([traceId]) => !affected.has(traceId)).map(([, own]) => own)];
}

/** A node, a zone or a cluster is the same for all services that run on it; a version says nothing without its service. */
function keyOf({ service, attribute, value }: Pick<ResourceCharge, 'service' | 'attribute' | 'value'>): string {
  return JSON.stringify([attribute.startsWith('service.') ? service : '', attribute, value]);
}

/** All requests of the incident that it served, also those of services against which nothing speaks. */
function requestsOn(resource: ResourceCharge, incident: Answers): readonly string[] {
  const key = keyOf(resource);
  const requests: string[] = [];
  for (const [service, observations] of incident) {
    if (keyOf({ ...resource, service }) !== key) continue;
    for (const observation of observations) if (valueOf(observation, resource.attribute) === resource.value) requests.push(`${service} ${observation.visit.traceId}`);
  }
  return [...new Set(requests)].sort();
}

interface Told<R> {
  readonly requests: readonly string[];
  readonly resource: R;
}

/**
 * The greatest score first; of equal ones (to a hundredth of a nat) that which served the fewest other requests, then the widest. What
 * served exactly the same requests is one resource with several names.
 */
function withoutNamesakes<R extends Pick<CulpritResource, 'attribute' | 'value' | 'score'>>(told: readonly Told<R>[]): readonly (R & Pick<CulpritResource, 'same'>)[] {
  const rank = ({ resource }: Told<R>): number => Math.round(resource.score / LEAST_SCORE);
  const width = ({ resource }: Told<R>): number => RESOURCE_KEYS.indexOf(resource.attribute);
  const ordered = [...told].sort((left, right) => rank(right) - rank(left) || left.requests.length - right.requests.length || width(left) - width(right) || (left.resource.value < right.resource.value ? -1 : 1));
  return [...groupBy(ordered, ({ requests }) => requests.join('\n')).values()].map(([first, ...others]) => ({
    ...first!.resource, same: others.map(({ resource: { attribute, value } }) => ({ attribute, value })),
  }));
}
