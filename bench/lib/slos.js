// Fifty SLOs as people write them: availability, latency, by route, by tenant, by status code; all with work for every span of their service.
import { OPERATIONS, SERVICES } from './encode.js';

const KINDS = [
  { name: 'works', total: (service, [method, route]) => `{ resource.service.name = "${service}" && kind = server && name = "${method} ${route}" }`, bad: '{ status = error || duration > 800ms }' },
  { name: 'codes', total: (service) => `{ resource.service.name = "${service}" && kind = server && span.http.route =~ "/api/.*" }`, bad: '{ span.http.response.status_code >= 500 }' },
  { name: 'quick', total: (service, [, route]) => `{ resource.service.name = "${service}" && span.http.route = "${route}" && span.shop.tenant != "tenant-0" }`, bad: '{ duration > 300ms }' },
  { name: 'region', total: (service) => `{ resource.service.name = "${service}" && kind = server && (span.cloud.region = "eu-central-1" || span.cloud.region = "eu-west-1") }`, bad: '{ status = error }' },
  { name: 'basket', total: (service) => `{ resource.service.name = "${service}" && kind = server && span.shop.basket.total > 50000 }`, bad: '{ status = error || span.http.response.status_code = 503 }' },
];

export const QUERIES = SERVICES.flatMap((service, index) =>
  KINDS.map((kind) => ({ name: `${service}-${kind.name}`, service, total: kind.total(service, OPERATIONS[index % OPERATIONS.length]), bad: kind.bad })));

/** The same as OpenSLO documents, for the service's rules directory. */
export function asYaml() {
  return QUERIES.map(({ name, service, total, bad }) => `apiVersion: openslo/v1
kind: SLO
metadata: { name: ${name}, displayName: ${name} }
spec:
  service: ${service}
  budgetingMethod: Occurrences
  timeWindow: [{ duration: 30d, isRolling: true }]
  indicator:
    metadata: { name: ${name} }
    spec:
      ratioMetric:
        counter: false
        total: { metricSource: { type: traces, spec: { query: '${total}' } } }
        bad: { metricSource: { type: traces, spec: { query: '${bad}' } } }
  objectives: [{ displayName: works, target: 0.999 }]
`).join('---\n');
}

/** The same as the store's thread takes them. */
export function asSlos() {
  const at = { file: 'bench', line: 1, column: 1 };
  return QUERIES.map(({ name, service, total, bad }) => ({
    name, displayName: name, description: '', service, target: 0.999, windowMs: 30 * 86_400_000, labels: {}, at,
    indicator: { total: { text: total, at }, bad: { text: bad, at }, weight: 'auto' },
    policy: { name: 'none', tiers: [], evidence: { enabled: false, burn: 2, significance: 0.001 } },
  }));
}
