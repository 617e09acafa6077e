import type { ReceiverRule } from '../config/rule-set.js';
import { closest } from '../lib/closest.js';
import { deepFreeze } from '../lib/deep-freeze.js';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import { formatMatcher, matchesAll, type LabelMatcher } from '../lib/label-matcher.js';
import { errorAt, hasErrors, sortProblems } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { err, ok, type Result } from '../lib/result.js';
import { validateDocument } from '../lib/validate-document.js';
import { formatPath, parseYaml, type DocumentPath, type TextFile } from '../lib/yaml-document.js';
import type { EscalationPolicy } from './escalation-policy.js';
import type { InhibitRule } from './inhibition.js';
import { readInhibitRules, readIntervalNames, readTimeIntervals } from './read-intervals.js';
import { readReceivers } from './receiver.js';
import type { Receiver } from './receiver-configs.js';
import { RoutingSource } from './routing-reader.js';
import type { TimeInterval } from '../lib/time-interval.js';
import { templateProblem } from './webhook-template.js';
import { routingNotYet, routingSchema, type RouteDocument, type RoutingDocument } from './routing-schema.js';

type Labels = Readonly<Record<string, string>>;

/** `all`: every distinct set of labels is a group of its own (Alertmanager's `group_by: ['...']`). */
export type GroupBy = readonly string[] | 'all';

/** A node of the route tree with what it inherits filled in. */
export interface Route {
  /** Where it stands in the file: `route.routes[0]`. */
  readonly path: string;
  /** Alertmanager's route key: `{}/{severity="page"}`; the first part of its group key. */
  readonly key: string;
  readonly receiver: string;
  readonly matchers: readonly LabelMatcher[];
  readonly continues: boolean;
  readonly groupBy: GroupBy;
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  /** Names in `Routing.timeIntervals`. Not inherited. */
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  readonly routes: readonly Route[];
}

export interface Routing {
  readonly root: Route;
  /** By name. */
  readonly receivers: ReadonlyMap<string, Receiver>;
  /** By name. */
  readonly timeIntervals: ReadonlyMap<string, readonly TimeInterval[]>;
  readonly inhibitRules: readonly InhibitRule[];
  /** From `kind: EscalationPolicy` documents. */
  readonly escalations: readonly EscalationPolicy[];
  /** A posted alert without an end counts as over after so long. */
  readonly resolveTimeoutMs: number;
}

/** Alertmanager's docs/configuration.md. */
export const DEFAULT_GROUP_WAIT_MS = 30 * SECOND_MS;
export const DEFAULT_GROUP_INTERVAL_MS = 5 * MINUTE_MS;
export const DEFAULT_REPEAT_INTERVAL_MS = 4 * HOUR_MS;
export const DEFAULT_RESOLVE_TIMEOUT_MS = 5 * MINUTE_MS;
const MAX_ROUTE_DEPTH = 32;

/** Reads Alertmanager's configuration file. What this version cannot honour is an error, never ignored. */
export function parseRouting(file: TextFile): Result<Routing, Problem[]> {
  const parsed = parseYaml(file);
  const [source, second] = parsed.documents;
  const problems = [...parsed.problems];
  if (second !== undefined) problems.push(errorAt(second.at([]), 'routing/invalid-value', { message: 'routing is one document, this is a second one', hint: 'remove the ---' }));
  if (source === undefined) {
    if (problems.length === 0) problems.push(errorAt({ file: file.path, line: 1, column: 1 }, 'routing/missing-key', { message: 'this file is empty', hint: 'it needs "route" and "receivers"; see rules/routing.yaml of the examples' }));
    return err(problems);
  }
  const checked = validateDocument(routingSchema, source, { area: 'routing', notYet: routingNotYet });
  if (!checked.ok) return err(sortProblems([...problems, ...checked.error]));
  const receivers = readReceivers(checked.value, source, problems);
  const reading = new RoutingSource(source, problems);
  const timeIntervals = readTimeIntervals(checked.value, reading);
  const root = new RouteReader(checked.value, reading, timeIntervals).read();
  const inhibitRules = readInhibitRules(checked.value.inhibit_rules, reading);
  const resolveTimeoutMs = reading.duration(checked.value.global?.resolve_timeout, ['global', 'resolve_timeout'], DEFAULT_RESOLVE_TIMEOUT_MS);
  return hasErrors(problems) ? err(sortProblems(problems)) : ok({ root: deepFreeze(root), receivers, timeIntervals, inhibitRules, escalations: [], resolveTimeoutMs });
}

class RouteReader {
  readonly #document: RoutingDocument;
  readonly #source: RoutingSource;
  readonly #intervals: ReadonlyMap<string, unknown>;

  constructor(document: RoutingDocument, source: RoutingSource, intervals: ReadonlyMap<string, unknown>) {
    this.#document = document;
    this.#source = source;
    this.#intervals = intervals;
  }

  read(): Route {
    const { route } = this.#document;
    for (const key of ['match', 'match_re', 'matchers', 'continue', 'mute_time_intervals', 'active_time_intervals'] as const) {
      const value = route[key];
      const isSet = typeof value === 'boolean' ? value : value != null && Object.keys(value).length > 0;
      if (isSet) this.#refuse(['route', key], 'routing/invalid-value', { message: `the root route must not have "${key}": it takes every alert, always`, hint: 'move it into a route under "routes"' });
    }
    if (route.receiver === undefined) this.#refuse(['route'], 'routing/missing-key', { message: 'the root route has no receiver', hint: 'name the receiver that gets what no other route takes' });
    const above: Route = {
      path: '', key: '', receiver: '', matchers: [], continues: false, groupBy: [], routes: [], muteTimeIntervals: [], activeTimeIntervals: [],
      groupWaitMs: DEFAULT_GROUP_WAIT_MS, groupIntervalMs: DEFAULT_GROUP_INTERVAL_MS, repeatIntervalMs: DEFAULT_REPEAT_INTERVAL_MS,
    };
    return this.#readRoute({ ...route, match: null, match_re: null, matchers: null, mute_time_intervals: null, active_time_intervals: null }, ['route'], above);
  }

  /** Children inherit everything but matchers, `continue` and the time intervals. */
  #readRoute(document: RouteDocument, path: DocumentPath, above: Route): Route {
    if (path.length > 2 * MAX_ROUTE_DEPTH) this.#refuse(path, 'routing/invalid-value', { message: `routes are nested deeper than ${MAX_ROUTE_DEPTH} levels` });
    const matchers = this.#source.matchers([['match', document.match], ['match_re', document.match_re], ['matchers', document.matchers]], path);
    const names = (key: 'mute_time_intervals' | 'active_time_intervals'): readonly string[] => readIntervalNames(document[key], [...path, key], { known: this.#intervals, source: this.#source });
    const own: Route = {
      path: formatPath(path),
      key: `${above.key === '' ? '' : `${above.key}/`}{${matchers.map(formatMatcher).join(',')}}`,
      receiver: this.#readReceiver(document.receiver, path) ?? above.receiver,
      matchers,
      continues: document.continue ?? false,
      // An empty list overrides the parent's (Alertmanager #4825); a missing one inherits it.
      groupBy: document.group_by == null ? above.groupBy : this.#readGroupBy(document.group_by, path),
      groupWaitMs: this.#source.duration(document.group_wait, [...path, 'group_wait'], above.groupWaitMs),
      groupIntervalMs: this.#readInterval(document.group_interval, [...path, 'group_interval'], above.groupIntervalMs),
      repeatIntervalMs: this.#readInterval(document.repeat_interval, [...path, 'repeat_interval'], above.repeatIntervalMs),
      muteTimeIntervals: names('mute_time_intervals'),
      activeTimeIntervals: names('active_time_intervals'),
      routes: [],
    };
    return { ...own, routes: (document.routes ?? []).map((child, index) => this.#readRoute(child, [...path, 'routes', index], own)) };
  }

  #readReceiver(name: string | undefined, path: DocumentPath): string | undefined {
    if (name === undefined) return undefined;
    const names = this.#document.receivers.map((receiver) => receiver.name);
    if (!names.includes(name)) {
      const near = closest(name, names);
      this.#refuse([...path, 'receiver'], 'routing/unknown-receiver', { message: `there is no receiver "${name}"`, hint: near === undefined ? `receivers are ${names.join(', ')}` : `did you mean "${near}"?` });
    }
    return name;
  }

  #readGroupBy(labels: readonly string[], path: DocumentPath): GroupBy {
    const at = [...path, 'group_by'];
    if (new Set(labels).size < labels.length) this.#refuse(at, 'routing/invalid-value', { message: 'a label is in group_by twice', hint: 'keep one' });
    if (!labels.includes('...')) return labels;
    if (labels.length > 1) this.#refuse(at, 'routing/invalid-value', { message: '"..." means all labels and stands alone', hint: 'write group_by: [\'...\'], or name the labels' });
    return 'all';
  }

  #readInterval(text: string | undefined, path: DocumentPath, inherited: number): number {
    const intervalMs = this.#source.duration(text, path, inherited);
    if (intervalMs === 0) this.#refuse(path, 'routing/invalid-value', { message: `${String(path.at(-1))} must not be 0`, hint: 'write at least 1s' });
    return intervalMs;
  }

  #refuse(...problem: Parameters<RoutingSource['refuse']>): void {
    this.#source.refuse(...problem);
  }
}

export interface RouteMatch extends Omit<Route, 'matchers' | 'continues' | 'routes'> {
  /** The labels that make the group. */
  readonly groupLabels: Labels;
  /** Alertmanager's group key: `{}/{severity="page"}:{incident="…"}`. */
  readonly groupKey: string;
}

/**
 * The routes that an alert takes, in Alertmanager's way: depth first, from left to right; a matching child ends the search
 * among its siblings unless it says `continue`; where no child matches, the node itself takes the alert.
 */
export function matchRoutes(routing: Routing, labels: Labels): RouteMatch[] {
  return matchingRoutes(routing.root, labels).map((route) => {
    const groupLabels = labelsOf(route.groupBy, labels);
    const { matchers: _matchers, continues: _continues, routes: _routes, ...settings } = route;
    return { ...settings, groupLabels, groupKey: `${route.key}:${formatLabels(groupLabels)}` };
  });
}

/** Straight to these receivers, at once, with the repeats of the root: a group of its own for each incident. */
export function directRoutes({ root }: Routing, labels: Labels, receivers: readonly string[]): RouteMatch[] {
  const groupLabels = labelsOf(['alertname', 'incident'], labels);
  const { groupIntervalMs, repeatIntervalMs } = root;
  return receivers.map((receiver) => ({
    path: 'direct', key: '{}', receiver, groupBy: ['alertname', 'incident'], groupWaitMs: 0, groupIntervalMs, repeatIntervalMs,
    muteTimeIntervals: [], activeTimeIntervals: [], groupLabels, groupKey: `{}/direct:${formatLabels(groupLabels)}`,
  }));
}

function matchingRoutes(route: Route, labels: Labels): Route[] {
  if (!matchesAll(route.matchers, labels)) return [];
  const taken: Route[] = [];
  for (const child of route.routes) {
    const below = matchingRoutes(child, labels);
    taken.push(...below);
    if (below.length > 0 && !child.continues) break;
  }
  return taken.length > 0 ? taken : [route];
}

/** A label that the alert lacks is left out of the group, as Alertmanager does. */
function labelsOf(groupBy: GroupBy, labels: Labels): Labels {
  if (groupBy === 'all') return labels;
  return Object.fromEntries(groupBy.flatMap((name) => (Object.hasOwn(labels, name) ? [[name, labels[name] ?? '']] : [])));
}

function formatLabels(labels: Labels): string {
  const names = Object.keys(labels).sort();
  return `{${names.map((name) => `${name}=${JSON.stringify(labels[name])}`).join(', ')}}`;
}

/** Routing with what `kind: Receiver` documents say beside it. */
export function withReceiverRules(routing: Routing, rules: readonly ReceiverRule[]): Routing {
  const receivers = new Map(routing.receivers);
  for (const { name, alertmanagers } of rules) {
    const known = receivers.get(name);
    if (known !== undefined && alertmanagers !== undefined) receivers.set(name, { ...known, alertmanagers });
  }
  return { ...routing, receivers };
}

/** `kind: Receiver` documents must name a receiver that routing.yaml defines. */
export function checkReceiverRules(routing: Routing, rules: readonly ReceiverRule[]): Problem[] {
  const names = [...routing.receivers.keys()];
  return rules.flatMap((rule) => {
    const receiver = routing.receivers.get(rule.name);
    if (receiver === undefined) {
      const near = closest(rule.name, names);
      return [errorAt(rule.at, 'routing/unknown-receiver', { path: 'metadata.name', message: `routing.yaml has no receiver "${rule.name}"`, hint: near === undefined ? `receivers are ${names.join(', ')}` : `did you mean "${near}"?` })];
    }
    const isAboutWebhooks = rule.webhookSecretFile !== undefined || rule.webhookBody !== undefined;
    if (isAboutWebhooks && receiver.webhooks.length === 0) return [errorAt(rule.at, 'rules/invalid-value', { path: 'spec.webhook', message: `the receiver "${rule.name}" has no webhook_configs`, hint: 'remove spec.webhook' })];
    const wrong = rule.webhookBody === undefined ? undefined : templateProblem(rule.webhookBody);
    return wrong === undefined ? [] : [errorAt(rule.at, 'rules/invalid-value', { path: 'spec.webhook.body', message: `the template does not make a body: ${wrong}`, hint: 'strings are written by {{ value | dump }}; what may be missing is asked for first' })];
  });
}
