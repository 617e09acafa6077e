import type { ReceiverRule } from '../config/rule-set.js';
import { closest } from '../lib/closest.js';
import { deepFreeze } from '../lib/deep-freeze.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, parseDuration, SECOND_MS } from '../lib/duration.js';
import { buildMatcher, formatMatcher, matchesAll, parseMatchers, type LabelMatcher, type MatchOperator } from '../lib/label-matcher.js';
import { errorAt, hasErrors, sortProblems, type ProblemCode, type ProblemText } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { err, ok, type Result } from '../lib/result.js';
import { validateDocument } from '../lib/validate-document.js';
import { formatPath, parseYaml, type DocumentPath, type TextFile, type YamlDocument } from '../lib/yaml-document.js';
import { readReceivers, type Receiver } from './receiver.js';
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
  readonly routes: readonly Route[];
}

export interface Routing {
  readonly root: Route;
  /** By name. */
  readonly receivers: ReadonlyMap<string, Receiver>;
}

/** Alertmanager's docs/configuration.md. */
export const DEFAULT_GROUP_WAIT_MS = 30 * SECOND_MS;
export const DEFAULT_GROUP_INTERVAL_MS = 5 * MINUTE_MS;
export const DEFAULT_REPEAT_INTERVAL_MS = 4 * HOUR_MS;
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
  const root = new RouteReader(source, checked.value, problems).read();
  return hasErrors(problems) ? err(sortProblems(problems)) : ok({ root: deepFreeze(root), receivers });
}

class RouteReader {
  readonly #source: YamlDocument;
  readonly #document: RoutingDocument;
  readonly #problems: Problem[];

  constructor(source: YamlDocument, document: RoutingDocument, problems: Problem[]) {
    this.#source = source;
    this.#document = document;
    this.#problems = problems;
  }

  read(): Route {
    const { route } = this.#document;
    for (const key of ['match', 'match_re', 'matchers', 'continue'] as const) {
      const value = route[key];
      const isSet = typeof value === 'boolean' ? value : value != null && Object.keys(value).length > 0;
      if (isSet) this.#refuse(['route', key], 'routing/invalid-value', { message: `the root route must not have "${key}": it takes every alert`, hint: 'move it into a route under "routes"' });
    }
    if (route.receiver === undefined) this.#refuse(['route'], 'routing/missing-key', { message: 'the root route has no receiver', hint: 'name the receiver that gets what no other route takes' });
    const above: Route = {
      path: '', key: '', receiver: '', matchers: [], continues: false, groupBy: [], routes: [],
      groupWaitMs: DEFAULT_GROUP_WAIT_MS, groupIntervalMs: DEFAULT_GROUP_INTERVAL_MS, repeatIntervalMs: DEFAULT_REPEAT_INTERVAL_MS,
    };
    return this.#readRoute({ ...route, match: null, match_re: null, matchers: null }, ['route'], above);
  }

  /** Children inherit everything but matchers and `continue`. */
  #readRoute(document: RouteDocument, path: DocumentPath, above: Route): Route {
    if (path.length > 2 * MAX_ROUTE_DEPTH) this.#refuse(path, 'routing/invalid-value', { message: `routes are nested deeper than ${MAX_ROUTE_DEPTH} levels` });
    const matchers = this.#readMatchers(document, path);
    const own: Route = {
      path: formatPath(path),
      key: `${above.key === '' ? '' : `${above.key}/`}{${matchers.map(formatMatcher).join(',')}}`,
      receiver: this.#readReceiver(document.receiver, path) ?? above.receiver,
      matchers,
      continues: document.continue ?? false,
      // An empty list overrides the parent's (Alertmanager #4825); a missing one inherits it.
      groupBy: document.group_by == null ? above.groupBy : this.#readGroupBy(document.group_by, path),
      groupWaitMs: this.#readDuration(document.group_wait, [...path, 'group_wait'], above.groupWaitMs),
      groupIntervalMs: this.#readInterval(document.group_interval, [...path, 'group_interval'], above.groupIntervalMs),
      repeatIntervalMs: this.#readInterval(document.repeat_interval, [...path, 'repeat_interval'], above.repeatIntervalMs),
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

  #readMatchers(document: RouteDocument, path: DocumentPath): LabelMatcher[] {
    const matchers: LabelMatcher[] = [];
    const add = (parsed: Result<LabelMatcher | LabelMatcher[], string>, at: DocumentPath): void => {
      if (parsed.ok) matchers.push(...[parsed.value].flat());
      else this.#refuse(at, 'routing/bad-matcher', { message: parsed.error });
    };
    for (const [key, operator] of [['match', '='], ['match_re', '=~']] as const satisfies readonly (readonly [string, MatchOperator])[]) {
      for (const [name, value] of Object.entries(document[key] ?? {})) add(buildMatcher({ name, operator, value }), [...path, key, name]);
    }
    for (const [index, text] of (document.matchers ?? []).entries()) add(parseMatchers(text), [...path, 'matchers', index]);
    return matchers.sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
  }

  #readInterval(text: string | undefined, path: DocumentPath, inherited: number): number {
    const intervalMs = this.#readDuration(text, path, inherited);
    if (intervalMs === 0) this.#refuse(path, 'routing/invalid-value', { message: `${String(path.at(-1))} must not be 0`, hint: 'write at least 1s' });
    return intervalMs;
  }

  #readDuration(text: string | undefined, path: DocumentPath, inherited: number): number {
    if (text === undefined) return inherited;
    const parsed = parsePrometheusDuration(text);
    if (parsed.ok) return parsed.value;
    this.#refuse(path, 'routing/invalid-value', { message: parsed.error });
    return inherited;
  }

  #refuse(path: DocumentPath, code: ProblemCode, text: ProblemText): void {
    this.#problems.push(errorAt(this.#source.at(path), code, { path: formatPath(path), ...text }));
  }
}

/** Prometheus' durations: `1h30m`, also `1y` (365 days) and a plain `0`. */
function parsePrometheusDuration(text: string): Result<number, string> {
  if (text === '0') return ok(0);
  const [, years = '0', rest = ''] = /^(?:(\d{1,3})y)?(.*)$/.exec(text) ?? [];
  const yearsMs = Number(years) * 365 * DAY_MS;
  if (rest === '' && text !== '') return ok(yearsMs);
  if (rest.includes('.')) return err(`"${text}" is not a duration: Alertmanager takes whole numbers only, like 1h30m`);
  const parsed = parseDuration(rest);
  return parsed.ok ? ok(yearsMs + parsed.value) : err(parsed.error.replace(`"${rest}"`, `"${text}"`));
}

export interface RouteMatch extends Pick<Route, 'path' | 'key' | 'receiver' | 'groupBy' | 'groupWaitMs' | 'groupIntervalMs' | 'repeatIntervalMs'> {
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
    const { path, key, receiver, groupBy, groupWaitMs, groupIntervalMs, repeatIntervalMs } = route;
    return { path, key, receiver, groupBy, groupWaitMs, groupIntervalMs, repeatIntervalMs, groupLabels, groupKey: `${key}:${formatLabels(groupLabels)}` };
  });
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

/** `kind: Receiver` documents must name a receiver that routing.yaml defines. */
export function checkReceiverRules(routing: Routing, rules: readonly ReceiverRule[]): Problem[] {
  const names = [...routing.receivers.keys()];
  return rules.flatMap((rule) => {
    const receiver = routing.receivers.get(rule.name);
    if (receiver === undefined) {
      const near = closest(rule.name, names);
      return [errorAt(rule.at, 'routing/unknown-receiver', { path: 'metadata.name', message: `routing.yaml has no receiver "${rule.name}"`, hint: near === undefined ? `receivers are ${names.join(', ')}` : `did you mean "${near}"?` })];
    }
    if (rule.webhookSecretFile === undefined || receiver.webhooks.length > 0) return [];
    return [errorAt(rule.at, 'rules/invalid-value', { path: 'spec.webhook', message: `the receiver "${rule.name}" has no webhook_configs to sign`, hint: 'remove spec.webhook' })];
  });
}
