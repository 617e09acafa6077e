import { allowedRatio } from '../budget/error-budget.js';
import { failuresAllowed } from '../budget/sizing.js';
import { wilsonInterval } from '../budget/wilson.js';
import { DAY_MS, formatDuration, HOUR_MS } from '../lib/duration.js';
import { formatPercent, formatSpan } from '../lib/format.js';
import { bucketUpperBoundNs } from '../sli/latency-bucket.js';

/** Requests of one operation that enter the system: what history says of them. */
export interface ObservedOperation {
  readonly service: string;
  readonly operation: string;
  readonly kind: 'server' | 'consumer';
  readonly requests: number;
  readonly errors: number;
  /** Weighted requests by latency bucket. */
  readonly buckets: readonly (readonly [bucket: number, requests: number])[];
  /** How long there has been any. */
  readonly historyMs: number;
}

export interface SuggestedSlo {
  readonly name: string;
  readonly service: string;
  readonly operation: string;
  readonly objective: 'availability' | 'latency';
  readonly target: number;
  /** What would be promised: of the latency SLO, within how long. */
  readonly thresholdMs: number | undefined;
  /** Why this target, with the numbers. */
  readonly reason: string;
}

export interface Suggestion {
  /** `checkout.yaml`. */
  readonly file: string;
  readonly slos: readonly SuggestedSlo[];
  /** OpenSLO documents, ready to commit. */
  readonly yaml: string;
}

export interface SuggestOptions {
  /** Names that are taken. */
  readonly existing: ReadonlySet<string>;
}

const WINDOW_MS = 28 * DAY_MS;
/** Promises that people know; the tightest that history supports is taken. */
const TARGETS = [0.9999, 0.9995, 0.999, 0.995, 0.99, 0.98, 0.95, 0.9] as const;
const LATENCY_TARGETS = [0.99, 0.95] as const;
/** History must have kept the promise with this much to spare: what just about held will not hold for long. */
const COMFORT = 0.5;
/** Fewer requests than this say nothing about anything. */
const MIN_REQUESTS = 100;
const MAX_OPERATIONS = 30;
/** Asked by machines, and nobody misses a failure. */
const NOT_A_PROMISE = /health|read(?:y|iness)|live(?:z|ness)|\bmetrics\b|\bping\b|favicon/i;
/** Thresholds that people say: 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 and their tens. */
const ROUND = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8] as const;
const MAX_NAME = 63;

/** An availability and a latency SLO for the busiest entry points, with the tightest targets that their history supports. */
export function suggestSlos(observed: readonly ObservedOperation[], { existing }: SuggestOptions): Suggestion[] {
  const taken = new Set(existing);
  const worth = observed.filter(({ operation, requests }) => requests >= MIN_REQUESTS && operation !== 'other' && !NOT_A_PROMISE.test(operation))
    .sort((left, right) => right.requests - left.requests).slice(0, MAX_OPERATIONS);
  const byService = new Map<string, { readonly slo: SuggestedSlo; readonly from: ObservedOperation }[]>();
  for (const from of worth) {
    const own = [availability(from, taken), latency(from, taken)].filter((slo) => slo !== undefined);
    byService.set(from.service, [...(byService.get(from.service) ?? []), ...own.map((slo) => ({ slo, from }))]);
  }
  const files = new Set<string>();
  return [...byService].filter(([, slos]) => slos.length > 0).map(([service, slos]) => ({
    file: `${unique(slug(service, MAX_NAME), files)}.yaml`, slos: slos.map(({ slo }) => slo), yaml: fileOf(service, slos),
  }));
}

function availability(from: ObservedOperation, taken: Set<string>): SuggestedSlo | undefined {
  const name = nameOf(from, 'availability');
  if (taken.has(name)) return undefined;
  const target = supported(TARGETS, from.errors, from);
  if (target === undefined) return undefined;
  taken.add(name);
  return { ...about(from), name, objective: 'availability', target, thresholdMs: undefined, reason: reasonOf(from, from.errors, target) };
}

function latency(from: ObservedOperation, taken: Set<string>): SuggestedSlo | undefined {
  const name = nameOf(from, 'latency');
  if (taken.has(name)) return undefined;
  for (const target of LATENCY_TARGETS) {
    const thresholdMs = thresholdFor(from, target);
    if (thresholdMs === undefined) continue;
    taken.add(name);
    return { ...about(from), name, objective: 'latency', target, thresholdMs, reason: reasonOf(from, slower(from, thresholdMs), target) };
  }
  return undefined;
}

/** The tightest target that history kept in comfort, beyond doubt (upper end of the 95 % interval), and with failures enough to count on. */
function supported(targets: readonly number[], bad: number, { requests, historyMs }: ObservedOperation): number | undefined {
  const perHour = requests / (historyMs / HOUR_MS);
  const worst = 1 - wilsonInterval(1 - bad / requests, requests).low;
  return targets.find((target) => {
    const allowed = allowedRatio(target);
    return bad / requests <= allowed * COMFORT && worst <= allowed && !failuresAllowed({ target, requestsPerHour: perHour, windowMs: WINDOW_MS }).tooFew;
  });
}

/** The shortest round time within which the target held in comfort; undefined where even a minute was too short. */
function thresholdFor(from: ObservedOperation, target: number): number | undefined {
  for (let power = 1; power <= 10_000; power *= 10) {
    for (const factor of ROUND) {
      const thresholdMs = factor * power;
      if (Number.isInteger(thresholdMs) && supported([target], slower(from, thresholdMs), from) !== undefined) return thresholdMs;
    }
  }
  return undefined;
}

/** Requests that took longer, or may have: a bucket counts by its upper bound. */
function slower({ buckets }: ObservedOperation, thresholdMs: number): number {
  return buckets.filter(([bucket]) => bucketUpperBoundNs(bucket) > thresholdMs * 1e6).reduce((sum, [, requests]) => sum + requests, 0);
}

function reasonOf({ requests, historyMs }: ObservedOperation, bad: number, target: number): string {
  const seen = `${Math.round(bad).toLocaleString('en-US')} of ${Math.round(requests).toLocaleString('en-US')} in ${formatSpan(historyMs)} would have been bad (${formatPercent(bad / requests, 3)})`;
  return `${seen}; ${failuresAllowed({ target, requestsPerHour: requests / (historyMs / HOUR_MS), windowMs: WINDOW_MS }).sentence}`;
}

function about({ service, operation }: ObservedOperation): Pick<SuggestedSlo, 'service' | 'operation'> {
  return { service, operation };
}

function nameOf({ service, operation }: ObservedOperation, objective: SuggestedSlo['objective']): string {
  return slug(`${service} ${operation} ${objective}`, MAX_NAME, `-${objective}`);
}

/** A name by RFC 1123; what does not fit is cut in the middle, so that the objective stays readable. */
function slug(text: string, length: number, ending = ''): string {
  const clean = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '');
  if (clean.length <= length) return clean === '' ? 'unnamed' : clean;
  return `${clean.slice(0, length - ending.length).replace(/-+$/, '')}${ending}`;
}

function unique(name: string, taken: Set<string>): string {
  let candidate = name;
  for (let count = 2; taken.has(candidate); count += 1) candidate = `${name}-${count}`;
  taken.add(candidate);
  return candidate;
}

function fileOf(service: string, slos: readonly { readonly slo: SuggestedSlo; readonly from: ObservedOperation }[]): string {
  const head = `# Suggested from the observed traffic of ${comment(service)}. A promise is made by people: change targets to what users would miss, then commit.\n`;
  return head + slos.map(({ slo, from }) => documentOf(slo, from)).join('---\n');
}

function documentOf(slo: SuggestedSlo, { kind }: ObservedOperation): string {
  const total = `{ resource.service.name = ${literal(slo.service)} && kind = ${kind} && name = ${literal(slo.operation)} }`;
  const bad = slo.thresholdMs === undefined ? '{ status = error }' : `{ duration > ${formatDuration(slo.thresholdMs)} }`;
  const display = slo.thresholdMs === undefined ? `${slo.operation} works` : `${slo.operation} answers within ${formatDuration(slo.thresholdMs)}`;
  return `# ${comment(slo.reason)}
apiVersion: openslo/v1
kind: SLO
metadata:
  name: ${slo.name}
  displayName: ${yaml(display)}
spec:
  service: ${slug(slo.service, MAX_NAME)}
  budgetingMethod: Occurrences
  timeWindow: [{ duration: 28d, isRolling: true }]
  indicator:
    metadata: { name: ${slug(`${slo.name} sli`, MAX_NAME, '-sli')} }
    spec:
      ratioMetric:
        counter: false
        total: { metricSource: { type: traces, spec: { query: ${yaml(total)} } } }
        bad: { metricSource: { type: traces, spec: { query: ${yaml(bad)} } } }
  objectives: [{ displayName: ${slo.objective}, target: ${slo.target} }]
`;
}

/** A TraceQL string. */
function literal(text: string): string {
  return JSON.stringify(text);
}

/** A YAML scalar on one line, whatever is in it: JSON is YAML, except for some characters that JSON leaves as they are. */
function yaml(text: string): string {
  return JSON.stringify(text).replaceAll(/[\u007f-\u009f\u2028\u2029\ufeff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function comment(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ');
}
