import type { Alert, Labels } from '../incident/incident.js';
import { matchesAll, type LabelMatcher } from '../lib/label-matcher.js';

/** While an alert fires that `source` matches, alerts that `target` matches stay quiet, where both have the same value of every label of `equal`. */
export interface InhibitRule {
  readonly name: string | undefined;
  readonly source: readonly LabelMatcher[];
  readonly target: readonly LabelMatcher[];
  readonly equal: readonly string[];
  /** Where it stands in the file: `inhibit_rules[0]`. */
  readonly path: string;
}

export interface Inhibition {
  readonly rule: string;
  readonly source: Alert;
}

/** Which alerts keep which others quiet, for one moment. A missing label and an empty one are the same, as in Alertmanager. */
export class Inhibitor {
  readonly #rules: readonly { readonly rule: InhibitRule; readonly sources: ReadonlyMap<string, readonly Source[]> }[];

  constructor(rules: readonly InhibitRule[], firing: Iterable<Alert>) {
    const alerts = rules.length === 0 ? [] : [...firing];
    this.#rules = rules.map((rule) => ({ rule, sources: sourcesOf(rule, alerts) }));
  }

  /** Why this alert is kept quiet; undefined where it is not. An alert that both sides of a rule match is inhibited by none that both match, itself included. */
  inhibitionOf(labels: Labels): Inhibition | undefined {
    for (const { rule, sources } of this.#rules) {
      if (!matchesAll(rule.target, labels)) continue;
      const both = matchesAll(rule.source, labels);
      const source = sources.get(equalKey(rule, labels))?.find((candidate) => !both || !candidate.isTargetToo);
      if (source !== undefined) return { rule: rule.name ?? rule.path, source: source.alert };
    }
    return undefined;
  }
}

interface Source {
  readonly alert: Alert;
  readonly isTargetToo: boolean;
}

function sourcesOf(rule: InhibitRule, alerts: readonly Alert[]): Map<string, Source[]> {
  const sources = new Map<string, Source[]>();
  for (const alert of alerts) {
    if (alert.status !== 'firing' || !matchesAll(rule.source, alert.labels)) continue;
    const key = equalKey(rule, alert.labels);
    const source: Source = { alert, isTargetToo: matchesAll(rule.target, alert.labels) };
    const known = sources.get(key);
    // One of each kind answers every question: that ten thousand alerts of one rule fire costs no more than that two do.
    if (known === undefined) sources.set(key, [source]);
    else if (!known.some(({ isTargetToo }) => isTargetToo === source.isTargetToo)) known.push(source);
  }
  return sources;
}

function equalKey({ equal }: InhibitRule, labels: Labels): string {
  return equal.length === 0 ? '' : JSON.stringify(equal.map((name) => (Object.hasOwn(labels, name) ? labels[name] ?? '' : '')));
}
