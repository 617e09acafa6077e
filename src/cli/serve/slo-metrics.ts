import type { Engine } from '../../pipeline/engine.js';
import type { PrometheusMetrics } from '../../pipeline/prometheus-metrics.js';
import type { SloEventCounter } from '../../pipeline/slo-event-counter.js';
import { groupFamilies } from '../../query/group-metrics.js';
import { slothFamilies, slothIdLabels } from '../../query/sloth-metrics.js';

/** SLOs on /metrics: Sloth's names for dashboards, and counters with traces for those who look closer. */
export function addSloMetrics(metrics: PrometheusMetrics, parts: { readonly engine: Engine; readonly events: SloEventCounter; readonly version: string }): void {
  const { engine, events, version } = parts;
  metrics.addFamilies(() => {
    const statuses = new Map(engine.statuses().map((status) => [status.slo, status]));
    const inputs = engine.measured().map(({ slo }) => ({ slo, status: statuses.get(slo.name) }));
    return [...slothFamilies(inputs, { version, firing: engine.firing() }), ...groupFamilies(inputs)];
  });
  metrics.addSource({
    name: 'tocsin_slo_events_total', help: 'Weighted events that an SLO counted since the start, good and bad; bad ones carry the newest trace as exemplar.', type: 'counter',
    labelNames: ['sloth_id', 'sloth_service', 'sloth_slo', 'outcome'],
    collect: () => events.rows(engine.measured(), slothIdLabels),
  });
}
