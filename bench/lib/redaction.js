// The shipped redaction rules, as the store's thread takes them.
import { readFileSync } from 'node:fs';

/** `load` imports a module of the build. */
export async function shippedRedaction(load) {
  const { loadRules } = await load('config/load-rules.js');
  const text = readFileSync(new URL('../../rules/redaction.yaml', import.meta.url), 'utf8');
  return { policies: loadRules([{ path: 'rules/redaction.yaml', text }]).rules.redactions, hashKey: undefined };
}
