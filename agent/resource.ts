import type { AttributePairs } from './otlp-span.js';
import type { ProcessFacts } from './process-facts.js';
import type { RedactedAttributes, Redactor } from './redaction.js';
import { resourceAttributes, serviceName } from './service-identity.js';

export interface Host {
  readonly name: string;
  readonly id: string | undefined;
  readonly arch: string;
  readonly agentVersion: string;
}

const MAX_COMMAND = 256;
const AGENT = 'tocsin-agent';

/** Who a record about the agent itself comes from. */
export function agentResource(host: Host): AttributePairs {
  const id: AttributePairs = host.id === undefined ? [] : [['host.id', host.id]];
  return [['service.name', AGENT], ['service.version', host.agentVersion], ['service.instance.id', host.name], ['host.name', host.name], ...id, ...sharedAttributes(host)];
}

function sharedAttributes({ arch, agentVersion }: Host): AttributePairs {
  return [['telemetry.distro.name', AGENT], ['telemetry.distro.version', agentVersion], ['os.type', 'linux'], ['host.arch', arch]];
}

/** Who a span comes from, in the names of the semantic conventions. What the process declares itself wins, and is redacted like anything else that others wrote. */
export function resourceOf(facts: ProcessFacts, host: Host, redactor: Pick<Redactor, 'foreign'>): RedactedAttributes {
  const service = serviceName(facts);
  const own: AttributePairs = [
    ['service.name', service.name],
    ['service.instance.id', `${host.name}:${facts.pid}`],
    ['host.name', host.name],
    ['process.pid', facts.pid],
    ...sharedAttributes(host),
    ['tocsin.service.name.source', service.source],
  ];
  const more: readonly (readonly [string, string | undefined | null])[] = [
    ['service.version', service.version], ['host.id', host.id], ['container.id', facts.containerId], ['k8s.pod.uid', facts.podUid],
    ['k8s.pod.name', facts.podUid == null ? undefined : facts.hostname],
    ['process.executable.path', facts.executable], ['process.executable.name', facts.executable?.split('/').at(-1)],
  ];
  const attributes = new Map(own);
  for (const [key, value] of more) if (value != null && value !== '') attributes.set(key, value.slice(0, MAX_COMMAND));
  const declared = resourceAttributes(facts.environment?.['OTEL_RESOURCE_ATTRIBUTES']);
  declared.delete('service.name');
  for (const key of declared.keys()) attributes.delete(key);
  const { attributes: told, count } = redactor.foreign([...declared], service.name);
  return { attributes: [...new Map([...attributes, ...told])], count };
}
