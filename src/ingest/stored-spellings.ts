import { attributeOf } from '../trace/attribute-json.js';
import { HASH_PREFIX, MASK } from './detect-concealed.js';
import { compileRedaction, type CompiledPolicy, type RedactionRules } from './redact-compile.js';
import { RedactionProfile } from './redact-profile.js';

/** As what a value that was sent under a key may be stored. */
export interface StoredSpellings {
  /** What to look for: the value as it was sent, and hashed where a rule hashes it. */
  readonly values: readonly string[];
  /** Those of `values` that are hashes. */
  readonly hashes: readonly string[];
  /** Whether a rule masks or drops it: what is stored then is the same for everybody, and finds nobody. */
  readonly isLost: boolean;
}

/** Documents may be for some services only, so each is asked by itself, and all of them together. */
export function storedSpellings({ policies, hashKey }: RedactionRules, key: string, value: string): StoredSpellings {
  const { redaction } = compileRedaction(policies, hashKey);
  const sent = attributeOf(key, value);
  const read = (some: readonly CompiledPolicy[]): unknown => new RedactionProfile(some).attribute(sent, new Float64Array(redaction.rules.length))?.value;
  const stored = [...redaction.policies.map((policy) => [policy]), redaction.policies].map(read);
  const hashes = [...new Set(stored.filter((each): each is string => typeof each === 'string' && each !== value && each.includes(HASH_PREFIX) && !each.includes(MASK)))];
  return { values: [value, ...hashes], hashes, isLost: stored.some((each) => each === undefined || (typeof each === 'string' && each !== value && each.includes(MASK))) };
}
