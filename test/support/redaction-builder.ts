import type { RedactionMode } from '../../src/config/redaction.js';
import type { RedactionRules } from '../../src/ingest/redact-compile.js';

const AT = { file: 'rules/people.yaml', line: 1, column: 1 };

/** One document that conceals whole attributes of all services, or of one. */
export function rulesFor(mode: RedactionMode, names: readonly string[], service?: string): RedactionRules {
  const list = (of: readonly string[]): { names: readonly string[]; prefixes: []; patterns: [] } => ({ names: of, prefixes: [], patterns: [] });
  const services = service === undefined ? undefined : { any: list([service]), except: undefined };
  return {
    policies: [{ name: 'people', enabled: true, services, exempt: undefined, rules: [{ name: 'ids', mode, attributes: { any: list(names), except: undefined }, detect: [], secretNames: [], at: AT }], at: AT }],
    hashKey: Buffer.alloc(32, 7),
  };
}

export function hashingRules(names: readonly string[], service?: string): RedactionRules {
  return rulesFor('hash', names, service);
}
