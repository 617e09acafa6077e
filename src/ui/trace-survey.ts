import { formatLatency, formatPercent } from '../lib/format.js';
import { conditionText, narrowedText } from '../query/narrow-search.js';
import type { Breakdown } from '../query/survey-reader.js';
import { tagField } from '../query/tempo-input.js';
import type { Field } from '../trace/traceql/ast.js';
import { printField } from '../trace/traceql/print.js';
import { attributeText } from './attribute-text.js';
import { counted } from './words.js';

/** Who, what, and where it ran. */
const FACET_FIELDS = ['resource.service.name', 'name', 'status', 'kind', 'span.http.response.status_code', 'resource.service.version', 'resource.cloud.region', 'resource.k8s.pod.name', 'resource.k8s.node.name', 'resource.host.name', 'resource.deployment.environment.name'];
const PLACE_FIELDS = ['resource.service.version', 'resource.k8s.pod.name', 'resource.k8s.node.name', 'resource.host.name', 'resource.cloud.region', 'resource.cloud.availability_zone', 'resource.deployment.environment.name'];
export const FACET_VALUES = 6;
export const PLACE_VALUES = 12;

export const FACETS: readonly Field[] = FACET_FIELDS.flatMap((name) => tagField(name) ?? []);
export const PLACES: readonly Field[] = PLACE_FIELDS.flatMap((name) => tagField(name) ?? []);

const NAMES: Readonly<Record<string, string>> = {
  'resource.service.name': 'service', name: 'operation', 'span.http.response.status_code': 'HTTP status', 'resource.service.version': 'version', 'resource.cloud.region': 'region', 'resource.cloud.availability_zone': 'zone',
  'resource.k8s.pod.name': 'pod', 'resource.k8s.node.name': 'node', 'resource.host.name': 'host', 'resource.deployment.environment.name': 'environment',
};

export interface FacetView {
  readonly name: string;
  readonly field: string;
  /** `share`: percent of all that was found, also of spans without the field. */
  readonly values: readonly { readonly text: string; readonly spans: number; readonly share: number; readonly errorRatio: number; readonly p99Ns: number; readonly isSlow: boolean; readonly query: string | undefined }[];
  /** Values that are not shown. */
  readonly others: number;
}

/** Twice the median of its peers. */
const SLOW = 2;

/** Fields with `atLeast` so many values, each value with the query that is narrowed to it. */
export function facetViews({ fields, weighted }: Breakdown, query: string, atLeast = 2): FacetView[] {
  return fields.filter(({ values }) => values.length >= atLeast).map(({ field, values, distinct }) => {
    const ordered = values.map(({ p99Ns }) => p99Ns).sort((left, right) => left - right);
    const usual = ordered[Math.floor((ordered.length - 1) / 2)] ?? 0;
    return {
      name: NAMES[printField(field)] ?? printField(field), field: printField(field), others: distinct - values.length,
      values: values.map(({ value, spans, errors, p99Ns }) => {
        const condition = conditionText(field, value);
        return {
          text: attributeText(value), spans: Math.round(spans), share: weighted === 0 ? 0 : Math.min(100, Math.round((1_000 * spans) / weighted) / 10), errorRatio: spans === 0 ? 0 : errors / spans, p99Ns,
          isSlow: values.length > 1 && usual > 0 && p99Ns > SLOW * usual, query: condition === undefined ? undefined : narrowedText(query, condition),
        };
      }),
    };
  });
}

/** `120,000 spans`, `a sample of 20,000 of 120,000 spans`. */
export function foundInWords({ found, looked }: Breakdown): string {
  const total = counted(found, 'span');
  return looked < found ? `a sample of ${looked.toLocaleString('en-US')} of ${total}` : total;
}

export function facetTitle({ spans, errorRatio, p99Ns }: FacetView['values'][number]): string {
  return `${counted(spans, 'span')}, ${formatPercent(errorRatio, 1)} failed, p99 ${formatLatency(p99Ns)}`;
}
