import type { CompiledRedaction } from '../src/ingest/redact-compile.js';
import { RedactionProfile } from '../src/ingest/redact-profile.js';
import { attributeOf } from '../src/trace/attribute-json.js';
import type { PlainValue } from './otlp-span.js';

type Pairs = readonly (readonly [string, PlainValue])[];

export interface RedactedAttributes {
  readonly attributes: Pairs;
  /** Values that were concealed or dropped. */
  readonly count: number;
}

export type RedactAttributes = (attributes: Pairs, service: string) => RedactedAttributes;

/** Attributes whose values come from whoever sent the request. The others are words of ours, numbers and addresses. */
const FROM_OUTSIDE = /^(?:url\.|http\.(?:route|url|target|user_agent|request\.header|response\.header|request\.body\.content|response\.body\.content|request\.method_original)|user_agent\.|db\.(?:query|statement|user|namespace|name)|server\.address|net\.peer\.name|net\.host\.name)/;
const MAX_PROFILES = 1_024;

/** The rules of ingest, on the node: what they conceal never leaves it. */
export function redactorOf(redaction: CompiledRedaction): RedactAttributes {
  const profiles = new Map<string, RedactionProfile | undefined>();
  const hits = new Float64Array(redaction.rules.length);
  return (attributes, service) => {
    if (profiles.size > MAX_PROFILES) profiles.clear();
    if (!profiles.has(service)) {
      const policies = redaction.policies.filter(({ appliesTo }) => appliesTo([service]));
      profiles.set(service, policies.length === 0 ? undefined : new RedactionProfile(policies));
    }
    const profile = profiles.get(service);
    if (profile === undefined) return { attributes, count: 0 };
    hits.fill(0);
    const redacted = attributes.flatMap((pair): Pairs => {
      if (!FROM_OUTSIDE.test(pair[0])) return [pair];
      const attribute = profile.attribute(attributeOf(pair[0], pair[1]), hits);
      return attribute === undefined ? [] : [[attribute.key, attribute.value as PlainValue]];
    });
    return { attributes: redacted, count: hits.reduce((sum, count) => sum + count, 0) };
  };
}

