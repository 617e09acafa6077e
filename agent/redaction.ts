import type { CompiledRedaction } from '../src/ingest/redact-compile.js';
import { RedactionProfile } from '../src/ingest/redact-profile.js';
import type { PlainValue } from './otlp-span.js';

type Pairs = readonly (readonly [string, PlainValue])[];

export interface RedactedAttributes {
  readonly attributes: Pairs;
  /** Values that were concealed or dropped. */
  readonly count: number;
}

export interface Redactor {
  /** Of a span: our own words are passed over. */
  readonly attributes: (attributes: Pairs, service: string) => RedactedAttributes;
  /** None of which is ours. */
  readonly foreign: (attributes: Pairs, service: string) => RedactedAttributes;
  /** A text that belongs to no key: a name, a message. */
  readonly text: (text: string, service: string) => string;
}

/** Attributes whose values come from whoever sent the request. The others are words of ours, numbers and addresses. */
const FROM_OUTSIDE = /^(?:url\.|http\.(?:route|url|target|user_agent|request\.header|response\.header|request\.body\.content|response\.body\.content|request\.method_original)|user_agent\.|db\.(?:query|statement|user|namespace|name)|server\.address|client\.address|network\.peer\.address|net\.sock\.peer\.addr|http\.client_ip|net\.peer\.name|net\.host\.name)/;
const MAX_PROFILES = 1_024;
const MAX_KEYS = 1_024;
const knownKeys = new Map<string, boolean>();

function isFromOutside(key: string): boolean {
  const known = knownKeys.get(key);
  if (known !== undefined) return known;
  if (knownKeys.size >= MAX_KEYS) knownKeys.clear();
  const isOutside = FROM_OUTSIDE.test(key);
  knownKeys.set(key, isOutside);
  return isOutside;
}

/** The rules of ingest, on the node: what they conceal never leaves it. */
export function redactorOf(redaction: CompiledRedaction): Redactor {
  const profiles = new Map<string, RedactionProfile | undefined>();
  const hits = new Float64Array(redaction.rules.length);
  const profileOf = (service: string): RedactionProfile | undefined => {
    if (profiles.size > MAX_PROFILES) profiles.clear();
    if (!profiles.has(service)) {
      const policies = redaction.policies.filter(({ appliesTo }) => appliesTo([service]));
      profiles.set(service, policies.length === 0 ? undefined : new RedactionProfile(policies));
    }
    return profiles.get(service);
  };
  const redact = (attributes: Pairs, service: string, isMeant: (key: string) => boolean): RedactedAttributes => {
    const profile = profileOf(service);
    if (profile === undefined) return { attributes, count: 0 };
    hits.fill(0);
    const redacted: (readonly [string, PlainValue])[] = [];
    for (const pair of attributes) {
      const [key, value] = pair;
      if (typeof value === 'boolean' || typeof value === 'number' || !isMeant(key)) {
        redacted.push(pair);
        continue;
      }
      // Its JSON is for those who store it; nobody does here.
      const attribute = profile.attribute({ key, value, json: '', isInteger: false }, hits);
      if (attribute !== undefined) redacted.push([attribute.key, attribute.value as PlainValue]);
    }
    let count = 0;
    for (const hit of hits) count += hit;
    return { attributes: redacted, count };
  };
  return {
    attributes: (attributes, service) => redact(attributes, service, isFromOutside), foreign: (attributes, service) => redact(attributes, service, () => true),
    text: (text, service) => profileOf(service)?.text(text, hits) ?? text,
  };
}
