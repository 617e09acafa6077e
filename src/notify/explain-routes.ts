import type { Labels } from '../incident/incident.js';
import { formatMatcher, matches } from '../lib/label-matcher.js';
import type { Receiver } from './receiver-configs.js';
import type { Route, Routing } from './routing.js';

/** One node of the route tree that was looked at, in the order in which Alertmanager looks. */
export interface RouteStep {
  readonly path: string;
  readonly depth: number;
  readonly receiver: string;
  readonly matchers: readonly string[];
  /** `taken`: this node has the alert. `passed`: it matches, and a child has the alert. */
  readonly outcome: 'taken' | 'passed' | 'no-match' | 'not-reached';
  /** For people. */
  readonly words: string;
}

/** The way of an alert through the route tree, dead ends included. */
export function explainRoutes(routing: Routing, labels: Labels): RouteStep[] {
  const steps: RouteStep[] = [];
  walk(routing.root, { depth: 0, labels, steps });
  return steps;
}

interface Walk {
  readonly depth: number;
  readonly labels: Labels;
  readonly steps: RouteStep[];
}

/** True where the alert was taken below or here. */
function walk(route: Route, { depth, labels, steps }: Walk): boolean {
  const step = (outcome: RouteStep['outcome'], words: string): RouteStep => ({ path: route.path, depth, receiver: route.receiver, matchers: route.matchers.map(formatMatcher), outcome, words });
  const failed = route.matchers.find((matcher) => !matches(matcher, labels));
  if (failed !== undefined) {
    const value = labels[failed.name] ?? '';
    steps.push(step('no-match', `${failed.name} is ${value === '' ? 'not there' : JSON.stringify(value)}, which is not ${formatMatcher(failed)}`));
    return false;
  }
  const place = steps.push(step('taken', route.routes.length === 0 ? 'all its matchers match' : 'it matches, and none of its routes does')) - 1;
  let isTaken = false;
  for (const [index, child] of route.routes.entries()) {
    if (!walk(child, { depth: depth + 1, labels, steps })) continue;
    isTaken = true;
    if (child.continues) continue;
    for (const sibling of route.routes.slice(index + 1)) steps.push({ path: sibling.path, depth: depth + 1, receiver: sibling.receiver, matchers: sibling.matchers.map(formatMatcher), outcome: 'not-reached', words: `${child.path} took it and does not say continue` });
    break;
  }
  if (isTaken) steps[place] = step('passed', 'it matches, and so does a route below');
  return true;
}

/** What a receiver tells, by integration: `slack[0] #alerts`. */
export function describeReceiver(receiver: Receiver | undefined): string[] {
  if (receiver === undefined) return [];
  return [
    ...receiver.slacks.map(({ channel }, index) => `slack[${String(index)}] ${channel}`),
    ...receiver.webhooks.map(({ url }, index) => `webhook[${String(index)}] ${'text' in url ? url.text : `(address in ${url.file})`}`),
    ...receiver.pagerduties.map(({ url }, index) => `pagerduty[${String(index)}] ${url}`),
    ...receiver.teams.map(({ urlFile }, index) => `teams[${String(index)}] (address in ${urlFile})`),
    ...receiver.opsgenies.map(({ url }, index) => `opsgenie[${String(index)}] ${url}`),
    ...receiver.emails.map(({ to }, index) => `email[${String(index)}] ${to.join(', ')}`),
    ...receiver.alertmanagers.map(({ url }, index) => `alertmanager[${String(index)}] ${url}`),
  ];
}
