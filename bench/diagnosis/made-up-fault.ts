import type { RandomSource } from '../../src/budget/random-source.js';
import type { Traffic } from '../../src/diagnosis/culprit/traffic.js';
import type { SpanKind } from '../../src/trace/span-batch.js';
import { between, pick, type Operation, type Pod, type Service, type System } from './made-up-system.js';

/** What can go wrong in the service that is to be found. */
export const FAULT_KINDS = [
  'slow code', 'starved of CPU', 'starved pod', 'slow network', 'lossy network', 'slow database', 'errors', 'errors of one operation', 'errors of one version', 'bad pod',
  'wrong answers', 'silent errors', 'missing call', 'repeated call', 'other call', 'new line of log', 'lost line of log', 'gone', 'restarting',
  'messages pile up',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  readonly service: Service;
  /** Of the service's requests that meet it. */
  readonly share: number;
  readonly extraMs: number;
  readonly fromMs: number;
  /** What fails does so after this part of its steps, 0 to 1. */
  readonly after: number;
  /** Only this one of its operations, where it is of one. */
  readonly operation: Operation | undefined;
  /** Only this one of its pods, where it is of one. */
  readonly pod: Pod | undefined;
}

/** Of the baseline: what hardly anybody meets is no incident. */
const LEAST_REQUESTS = 12;

const OF_ONE_OPERATION: ReadonlySet<FaultKind> = new Set(['slow code', 'errors of one operation', 'missing call', 'repeated call', 'other call', 'new line of log', 'lost line of log', 'messages pile up']);
const OF_ONE_POD: ReadonlySet<FaultKind> = new Set(['starved pod', 'bad pod', 'errors of one version']);
const OF_CALLERS: ReadonlySet<FaultKind> = new Set(['missing call', 'repeated call', 'other call']);

export function buildFault(kind: FaultKind, system: System, { random, baseline, fromMs }: { readonly random: RandomSource; readonly baseline: Traffic; readonly fromMs: number }): Fault {
  const requests = requestsByOperation(baseline, kind === 'messages pile up' ? ['consumer'] : ['server', 'consumer']);
  const operation = pick(random, candidatesFor(kind, system, requests));
  const { service } = operation;
  return {
    kind, service, fromMs, share: between(random, 0.3, 0.9), extraMs: 40 + 200 * random.next(), after: random.next(),
    operation: OF_ONE_OPERATION.has(kind) ? operation : undefined, pod: OF_ONE_POD.has(kind) ? service.pods.at(-1) : undefined,
  };
}

/** Operations in which this kind of fault can happen and that enough requests meet; where none of them is busy, the busiest. */
function candidatesFor(kind: FaultKind, { services }: System, requests: ReadonlyMap<string, number>): readonly Operation[] {
  const metBy = (operation: Operation): number => requests.get(`${operation.service.name} ${operation.name}`) ?? 0;
  const fitting = services.filter(({ name }) => name !== 'edge').flatMap(({ operations }) => operations).filter((operation) => canHave(kind, operation)).sort((left, right) => metBy(right) - metBy(left));
  const busy = fitting.filter((operation) => metBy(operation) >= LEAST_REQUESTS);
  return busy.length > 0 ? busy : fitting.slice(0, 1);
}

function canHave(kind: FaultKind, { steps, queries, service, says }: Operation): boolean {
  if (kind === 'slow database') return queries;
  if (kind === 'lost line of log') return says[0]!.share === 1;
  if (OF_ONE_POD.has(kind)) return service.pods.length > 1;
  return OF_CALLERS.has(kind) ? steps.some(({ share, way }) => share === 1 && way === 'call') : true;
}

function requestsByOperation({ spans }: Traffic, kinds: readonly SpanKind[]): ReadonlyMap<string, number> {
  const traces = new Map<string, Set<string>>();
  for (const { kind, serviceName, name, traceId } of spans) {
    if (!kinds.includes(kind)) continue;
    const key = `${serviceName} ${name}`;
    traces.set(key, (traces.get(key) ?? new Set()).add(traceId));
  }
  return new Map([...traces].map(([key, own]) => [key, own.size]));
}
