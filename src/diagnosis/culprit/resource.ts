import { binomialTail } from '../../budget/binomial.js';
import type { AttributeValue } from '../../trace/attribute.js';
import type { Observation } from './observe.js';

/** What a request can be served by: deployment, version, machine. From the widest to the narrowest. */
export const RESOURCE_KEYS: readonly string[] = [
  'cloud.region', 'cloud.availability_zone', 'k8s.cluster.name', 'deployment.environment.name', 'service.version', 'k8s.node.name', 'host.name', 'k8s.pod.name', 'container.id', 'service.instance.id',
];
const SIGNIFICANCE = 0.01;

export interface ResourceFinding {
  readonly attribute: string;
  readonly value: string;
  /** Of the affected requests, and of the others. Undefined where the service has only one of them. */
  readonly shares: { readonly affected: number; readonly others: number } | undefined;
}

/** The pod, node or version that the affected requests of a service share and the others do not; else the only pod it has. `own` are those the service answered. */
export function resourceOf(own: readonly Observation[], affected: ReadonlySet<string>): ResourceFinding | undefined {
  const bad = own.reduce((sum, { visit }) => sum + (affected.has(visit.traceId) ? 1 : 0), 0);
  const good = own.length - bad;
  let best: (ResourceFinding & { readonly difference: number }) | undefined;
  for (const attribute of RESOURCE_KEYS) {
    const values = countValues(own, { attribute, affected });
    if (values.size < 2) continue;
    for (const [value, { inBad, inGood }] of values) {
      if (value === undefined) continue;
      const shares = { affected: inBad / Math.max(1, bad), others: inGood / Math.max(1, good) };
      const chance = binomialTail(inBad, bad, (inGood + 1) / (good + 2));
      const difference = shares.affected - shares.others;
      if (chance < SIGNIFICANCE / values.size && difference > (best?.difference ?? 0)) best = { attribute, value, shares, difference };
    }
  }
  return best ?? onlyPod(own);
}

interface ValueCount {
  inBad: number;
  inGood: number;
}

function countValues(own: readonly Observation[], { attribute, affected }: { readonly attribute: string; readonly affected: ReadonlySet<string> }): ReadonlyMap<string | undefined, ValueCount> {
  const values = new Map<string | undefined, ValueCount>();
  for (const each of own) {
    const value = valueOf(each, attribute);
    let count = values.get(value);
    if (count === undefined) values.set(value, (count = { inBad: 0, inGood: 0 }));
    if (affected.has(each.visit.traceId)) count.inBad += 1;
    else count.inGood += 1;
  }
  return values;
}

function onlyPod(own: readonly Observation[]): ResourceFinding | undefined {
  for (const attribute of ['k8s.pod.name', 'service.instance.id', 'host.name']) {
    const values = new Set(own.map((each) => valueOf(each, attribute)));
    const [value] = values;
    if (values.size === 1 && value !== undefined) return { attribute, value, shares: undefined };
  }
  return undefined;
}

export function valueOf({ visit }: Observation, attribute: string): string | undefined {
  const value: AttributeValue | undefined = visit.resource[attribute];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
