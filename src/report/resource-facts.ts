import type { ExampleSpan, QualityFact } from './quality-fact.js';

/** A resource that sent spans. */
export interface SeenResource {
  readonly service: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly n: number;
  readonly examples: readonly ExampleSpan[];
}

const CRITICALITIES: ReadonlySet<unknown> = new Set(['mission_critical', 'high', 'medium', 'low']);
const UNKNOWN_SERVICE = /^unknown_service(?::|$)/;

/** Rules of the Instrumentation Score about one resource: 1 where it fails; undefined where the rule does not apply to it. */
const RULES: Readonly<Record<string, (attributes: SeenResource['attributes'], service: string) => boolean | undefined>> = {
  'RES-001': (attributes) => isEmpty(attributes['service.instance.id']),
  'RES-003': (attributes) => (Object.keys(attributes).some((key) => key.startsWith('k8s.')) ? isEmpty(attributes['k8s.pod.uid']) : undefined),
  'RES-005': (_attributes, service) => service === '' || UNKNOWN_SERVICE.test(service),
  'RES-006': (attributes) => (attributes['service.criticality'] === undefined ? undefined : !CRITICALITIES.has(attributes['service.criticality'])),
  'RES-007': (attributes) => isEmpty(attributes['deployment.environment.name']) && isEmpty(attributes['deployment.environment']),
};

/** Facts of the resources of one window: rules of the score, versions, and ids that two instances share. */
export function resourceFacts(resources: readonly SeenResource[]): QualityFact[] {
  return [...resources.flatMap(ruleFacts), ...sharedInstanceIds(resources), ...resources.flatMap(versionFacts)];
}

function ruleFacts({ service, attributes, n, examples }: SeenResource): QualityFact[] {
  return Object.entries(RULES).flatMap(([rule, failsFor]) => {
    const fails = failsFor(attributes, service);
    return fails === undefined ? [] : [{ fact: 'resource' as const, service, subject: rule, n, bad: fails ? n : 0, value: 0, examples: fails ? examples : [] }];
  });
}

/** RES-002: one instance id under two hosts or pods is two instances with one name. */
function sharedInstanceIds(resources: readonly SeenResource[]): QualityFact[] {
  const places = new Map<string, Set<string>>();
  const identified = resources.filter(({ attributes }) => !isEmpty(attributes['service.instance.id']));
  const keyOf = ({ service, attributes }: SeenResource): string => JSON.stringify([service, attributes['service.instance.id']]);
  for (const resource of identified) {
    const seen = places.get(keyOf(resource)) ?? new Set();
    places.set(keyOf(resource), seen.add(JSON.stringify(['host.id', 'host.name', 'k8s.pod.name', 'k8s.pod.uid', 'container.id'].map((key) => resource.attributes[key] ?? ''))));
  }
  return identified.map((resource) => {
    const isShared = (places.get(keyOf(resource))?.size ?? 0) > 1;
    return { fact: 'resource', service: resource.service, subject: 'RES-002', n: resource.n, bad: isShared ? resource.n : 0, value: 0, examples: isShared ? resource.examples : [] };
  });
}

function versionFacts({ service, attributes, n, examples }: SeenResource): QualityFact[] {
  const text = (key: string): string => (isEmpty(attributes[key]) ? '' : String(attributes[key]));
  const sdk = [text('telemetry.sdk.language'), text('telemetry.sdk.version')].filter((part) => part !== '').join(' ');
  const of = (fact: 'sdk-version' | 'service-version', subject: string): QualityFact[] => (subject === '' ? [] : [{ fact, service, subject, n, bad: 0, value: 0, examples }]);
  return [...of('sdk-version', sdk), ...of('service-version', text('service.version'))];
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}
