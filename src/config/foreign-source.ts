import type { LocatedValue } from '../lib/validate-document.js';
import { TRACE_TYPES } from './trace-source.js';

/** What stands in for the spec of a source of another kind, by the key that holds the source. */
const STAND_INS: Readonly<Record<string, object>> = { raw: { query: '{ }', value: 'ratio' }, thresholdMetric: { query: '{ }', durationUnit: 'ms' } };
const RATIO_PART = { query: '{ }' };

/**
 * The document without what is inside the sources of other systems. Their specs are their own affair: that the source is not
 * supported is said once (trace-indicator.ts), and not as one unknown key after the other.
 */
export function withoutForeignSpecs(document: LocatedValue): LocatedValue {
  return { value: stripped(document.value, ''), at: (path) => document.at(path), atKey: (path) => document.atKey(path) };
}

function stripped(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((each) => stripped(each, key));
  if (typeof value !== 'object' || value === null) return value;
  const source: unknown = 'metricSource' in value ? value.metricSource : undefined;
  if (isForeign(source)) return { ...value, metricSource: { ...source, spec: STAND_INS[key] ?? RATIO_PART } };
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, stripped(each, name)]));
}

function isForeign(source: unknown): source is { readonly type: string } {
  return typeof source === 'object' && source !== null && 'type' in source && typeof source.type === 'string' && !TRACE_TYPES.includes(source.type);
}
