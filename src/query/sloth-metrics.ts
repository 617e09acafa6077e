import type { SloStatus } from '../budget/slo-status.js';
import { USUAL_WINDOWS_MS } from '../budget/slo-status.js';
import { allowedRatio } from '../budget/error-budget.js';
import type { Slo } from '../config/slo.js';
import type { ConditionSignal } from '../incident/condition-signal.js';
import { DAY_MS, formatDuration, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { MetricFamily } from '../pipeline/exposition.js';

export type SlothLabels = Readonly<Record<string, string>>;

/** An SLO with the status of the last tick; undefined before its first one. */
export interface SlothInput {
  readonly slo: Slo;
  readonly status: SloStatus | undefined;
}

/** sloth_id, sloth_service and sloth_slo: what all of Sloth's metrics are joined on. */
export function slothIdLabels(slo: Slo): SlothLabels {
  return { sloth_id: `${slo.service}-${slo.name}`, sloth_service: slo.service, sloth_slo: slo.name };
}

/**
 * The metrics that Sloth's recording rules (slok/sloth v0.16, pkg/common/conventions) would have written, so that dashboards made for
 * them work as they are. A ratio without events has no series: Sloth writes NaN there, which spoils every sum over it.
 */
export function slothFamilies(inputs: readonly SlothInput[], options: { readonly version: string; readonly firing: readonly ConditionSignal[] }): MetricFamily[] {
  const gauge = (name: string, help: string, valueOf: (input: SlothInput) => number | undefined): MetricFamily => ({
    name, help, type: 'gauge',
    samples: inputs.flatMap((input) => {
      const value = valueOf(input);
      return value === undefined ? [] : [{ suffix: '', labels: labelsOf(input.slo), value }];
    }),
  });
  const families = [
    ...errorRatioFamilies(inputs),
    gauge('slo:objective:ratio', 'Share of good events that is promised.', ({ slo }) => slo.target),
    gauge('slo:error_budget:ratio', 'Share of events that may be bad.', ({ slo }) => allowedRatio(slo.target)),
    gauge('slo:time_period:days', 'Length of the window of the SLO.', ({ slo }) => slo.windowMs / DAY_MS),
    gauge('slo:current_burn_rate:ratio', 'Burn rate of the last 5 minutes.', ({ status }) => status?.burnRates['5m']),
    gauge('slo:period_burn_rate:ratio', 'Burn rate over the window of the SLO.', ({ slo, status }) => status?.burnRates[formatDuration(slo.windowMs)]),
    gauge('slo:period_error_budget_remaining:ratio', 'Budget left over the window of the SLO: 1 is untouched, below 0 is overspent.', ({ status }) => status?.errorBudgetRemaining),
    infoFamily(inputs, options.version),
    alertsFamily(inputs, options.firing),
  ];
  return families.filter(({ samples }) => samples.length > 0);
}

/** One family for each window: the window is part of the name. */
function errorRatioFamilies(inputs: readonly SlothInput[]): MetricFamily[] {
  const windows = new Set([...USUAL_WINDOWS_MS, ...inputs.map(({ slo }) => slo.windowMs)]);
  return [...windows].sort((left, right) => left - right).map((windowMs) => {
    const window = prometheusDuration(windowMs);
    const samples = inputs.flatMap(({ slo, status }) => {
      const burnRate = status?.burnRates[formatDuration(windowMs)];
      if (burnRate === undefined) return [];
      return [{ suffix: '', labels: { ...labelsOf(slo), sloth_window: window }, value: burnRate * allowedRatio(slo.target) }];
    });
    return { name: `slo:sli_error:ratio_rate${window}`, help: `Share of bad events of the last ${window}.`, type: 'gauge', samples };
  });
}

function infoFamily(inputs: readonly SlothInput[], version: string): MetricFamily {
  const samples = inputs.map(({ slo }) => ({
    suffix: '', value: 1,
    labels: { ...labelsOf(slo), sloth_mode: 'tocsin', sloth_objective: String(Number((slo.target * 100).toPrecision(12))), sloth_spec: 'openslo/v1', sloth_version: version },
  }));
  return { name: 'sloth_slo_info', help: 'One for every SLO; what there is to know is in the labels.', type: 'gauge', samples };
}

/** Prometheus makes ALERTS itself where its own rules fire; here Tocsin fires, so it says so under the same name. */
function alertsFamily(inputs: readonly SlothInput[], firing: readonly ConditionSignal[]): MetricFamily {
  const byName = new Map(inputs.map(({ slo }) => [slo.name, slo]));
  const samples = firing.flatMap(({ labels, severity }) => {
    const slo = byName.get(labels['slo'] ?? '');
    if (slo === undefined) return [];
    return [{ suffix: '', value: 1, labels: { ...labelsOf(slo), alertname: labels['alertname'] ?? '', alertstate: 'firing', sloth_severity: severity } }];
  });
  return { name: 'ALERTS', help: 'Alerts of SLOs that fire now, as Prometheus would name them.', type: 'gauge', samples };
}

function labelsOf(slo: Slo): SlothLabels {
  return { ...userLabels(slo.labels), ...slothIdLabels(slo) };
}

/** OpenSLO allows more in a label's name than Prometheus does. Of two names that become one, the first stays. */
function userLabels(labels: Slo['labels']): SlothLabels {
  const clean: Record<string, string> = {};
  for (const [name, value] of Object.entries(labels)) {
    const key = name.replaceAll(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_').replace(/^__+/, '_');
    clean[key] ??= value;
  }
  return clean;
}

/** As Prometheus prints a duration (model.Duration): `4w` for 28 days but `30d`; Sloth's names of metrics are made of it. */
export function prometheusDuration(durationMs: number): string {
  const units = [['y', 365 * DAY_MS, true], ['w', 7 * DAY_MS, true], ['d', DAY_MS, false], ['h', HOUR_MS, false], ['m', MINUTE_MS, false], ['s', 1_000, false], ['ms', 1, false]] as const;
  let rest = durationMs;
  let text = '';
  for (const [unit, unitMs, onlyExact] of units) {
    if (onlyExact && rest % unitMs !== 0) continue;
    const count = Math.floor(rest / unitMs);
    if (count === 0) continue;
    text += `${count}${unit}`;
    rest -= count * unitMs;
  }
  return text === '' ? '0s' : text;
}
