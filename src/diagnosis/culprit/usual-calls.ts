import { placeKeyOf, placeOfKey } from './blame.js';
import type { Observation } from './observe.js';
import type { Visit } from './visit.js';

/** Usual is what more than this share of a place's requests do when all is well. */
const USUAL = 0.5;

/** What places call when all is well. Places are keys of `placeKeyOf`. */
export interface UsualCalls {
  /** Services that a place usually gets an answer from, each with the place of it that answers most. */
  services(caller: string): ReadonlyMap<string, string>;
  /** Whether the answer of a place is usually the last that a caller gets. */
  endsWith(caller: string, callee: string): boolean;
}

interface Caller {
  requests: number;
  /** Requests by the service that answered. */
  readonly services: Map<string, number>;
  readonly answers: Map<string, { requests: number; last: number }>;
}

const NONE: ReadonlyMap<string, string> = new Map();

export function usualCallsOf(baseline: readonly Observation[]): UsualCalls {
  const callers = new Map<string, Caller>();
  for (const { visit } of baseline) {
    const own = callers.get(placeKeyOf(visit)) ?? { requests: 0, services: new Map(), answers: new Map() };
    callers.set(placeKeyOf(visit), own);
    own.requests += 1;
    countServices(own, visit);
    countAnswers(own, visit);
  }
  const usual = new Map([...callers].map(([caller, own]) => [caller, usualServices(own)] as const));
  return {
    services: (caller) => usual.get(caller) ?? NONE,
    endsWith: (caller, callee) => {
      const { requests, last } = callers.get(caller)?.answers.get(callee) ?? { requests: 0, last: 0 };
      return last > USUAL * requests;
    },
  };
}

function usualServices({ requests, services, answers }: Caller): ReadonlyMap<string, string> {
  const places = [...answers].sort(([left, one], [right, other]) => other.requests - one.requests || (left < right ? -1 : 1)).map(([place]) => place);
  const usual = [...services].filter(([, count]) => count > USUAL * requests).map(([service]) => [service, places.find((place) => placeOfKey(place).service === service)!] as const);
  return new Map(usual.sort(([left], [right]) => (left < right ? -1 : 1)));
}

function countServices({ services }: Caller, { children }: Visit): void {
  for (const service of new Set(children.filter(({ caller }) => caller === undefined).map((child) => child.service))) services.set(service, (services.get(service) ?? 0) + 1);
}

function countAnswers({ answers }: Caller, visit: Visit): void {
  const last = lastAnswerOf(visit);
  for (const place of new Set(visit.children.map(placeKeyOf))) {
    const own = answers.get(place) ?? { requests: 0, last: 0 };
    answers.set(place, own);
    own.requests += 1;
    if (last !== undefined && placeKeyOf(last) === place) own.last += 1;
  }
}

/** The call that was answered last; nobody waits for those who take messages. */
export function lastAnswerOf({ children }: Visit): Visit | undefined {
  let last: Visit | undefined;
  for (const child of children) if (child.entry.kind !== 'consumer' && (last === undefined || endsAfter(child, last))) last = child;
  return last;
}

function endsAfter(left: Visit, right: Visit): boolean {
  const [one, other] = [endMsOf(left), endMsOf(right)];
  return one > other || (one === other && placeKeyOf(left) > placeKeyOf(right));
}

function endMsOf({ startMs, entry }: Visit): number {
  return startMs + entry.durationNs / 1e6;
}
