import { SEVERITY_RANK, type SloStatus } from '../budget/slo-status.js';
import type { Slo } from '../config/slo.js';
import type { ConditionSignal } from '../incident/condition-signal.js';
import type { SloGroup } from '../sli/slo-group.js';
import { signalOf, type SignalContext } from './slo-signal.js';

/** Labels that every alert has: a group of that name gets another one. */
const TAKEN = new Set(['alertname', 'slo', 'service', 'severity', 'incident', 'owner']);

/**
 * Alerts of single groups, in the incident of their SLO: a region that fails is one cause with what it does to the whole.
 * While the whole alerts as loudly, a group that begins to fire adds nothing that its page does not show.
 */
export function groupSignals(slo: Slo, { groups, whole }: { readonly groups: readonly SloStatus[]; readonly whole: ConditionSignal }, context: SignalContext): ConditionSignal[] {
  const firing = new Set(context.incident?.alerts.filter(({ status }) => status === 'firing').map(({ id }) => id));
  return groups.flatMap((status) => {
    if (status.group === undefined) return [];
    const signal = signalOf(sloOfGroup(slo, status.group), status, context);
    if (firing.has(signal.alertId)) return [signal];
    const isHeard = signal.firing && !(whole.firing && SEVERITY_RANK[whole.severity] >= SEVERITY_RANK[signal.severity]);
    return isHeard ? [signal] : [];
  });
}

/** The same for as long as the rule is. */
const slosOfGroups = new WeakMap<Slo, Map<string, Slo>>();

function sloOfGroup(slo: Slo, group: SloGroup): Slo {
  const known = slosOfGroups.get(slo) ?? new Map<string, Slo>();
  slosOfGroups.set(slo, known);
  const groupKey = JSON.stringify([group.names, group.values ?? null]);
  const before = known.get(groupKey);
  if (before !== undefined) return before;
  const made: Slo = { ...slo, groupKey, displayName: `${slo.displayName} (${group.text})`, labels: { ...slo.labels, ...labelsOf(group) } };
  known.set(groupKey, made);
  return made;
}

/** `span.http.route` is `http_route` as a label. */
function labelsOf({ names, values }: SloGroup): Record<string, string> {
  const entries = values === undefined ? names.map((name) => [name, 'other'] as const) : Object.entries(values);
  return Object.fromEntries(entries.map(([name, value]) => {
    const label = name.replace(/^\.|^(span|resource)\./, '').replaceAll(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_');
    return [TAKEN.has(label) ? `group_${label}` : label, value === null ? '(none)' : String(value)];
  }));
}
