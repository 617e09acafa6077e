import type { DocumentPath, YamlDocument } from '../lib/yaml-document.js';
import type { SliSpec } from './open-slo-schema.js';
import type { RuleDocuments } from './rule-documents.js';
import type { RuleQuery } from './rule-set.js';
import type { Slo } from './slo.js';
import { isTraceSource } from './trace-indicator.js';

/**
 * Queries that are not in `slos`: of an SLO with another mistake, of an SLI that nobody uses. They are checked as well,
 * so that one run finds all that is wrong and not one layer of it after the other.
 */
export function otherQueries(documents: RuleDocuments, slos: readonly Slo[]): RuleQuery[] {
  const resolved = new Set(slos.flatMap(({ indicator: { total, bad, good } }) => [total, bad, good].map((query) => placeOf(query?.at))));
  const inline = [...documents.SLO.values()].flatMap(({ content: { spec }, source }) => [
    ...(spec.indicator === undefined ? [] : queriesOf(spec.indicator.spec, { source, path: ['spec', 'indicator', 'spec'] }, documents)),
    ...spec.objectives.flatMap(({ indicator }, index) => (indicator === undefined ? [] : queriesOf(indicator.spec, { source, path: ['spec', 'objectives', index, 'indicator', 'spec'] }, documents))),
  ]);
  const shared = [...documents.SLI.values()].flatMap(({ content, source }) => queriesOf(content.spec, { source, path: ['spec'] }, documents));
  const excluded = [...documents.Exclusion.values()].flatMap(({ content: { spec: { match } }, source }) => (match === undefined ? [] : [{ role: 'match' as const, source: { text: match, at: source.atText(['spec', 'match']) } }]));
  return [...inline, ...shared, ...excluded].filter(({ source }) => !resolved.has(placeOf(source.at)));
}

function queriesOf({ ratioMetric, thresholdMetric }: SliSpec, place: { readonly source: YamlDocument; readonly path: DocumentPath }, documents: RuleDocuments): RuleQuery[] {
  if (thresholdMetric !== undefined && isTraceSource(thresholdMetric.metricSource, documents)) {
    const at = place.source.atText([...place.path, 'thresholdMetric', 'metricSource', 'spec', 'query']);
    return [{ role: 'total', source: { text: thresholdMetric.metricSource.spec.query, at } }];
  }
  const raw = ratioMetric?.raw?.metricSource;
  if (raw !== undefined) return isTraceSource(raw, documents) ? [{ role: 'total', source: { text: raw.spec.query, at: place.source.atText([...place.path, 'ratioMetric', 'raw', 'metricSource', 'spec', 'query']) } }] : [];
  return (['total', 'bad', 'good'] as const).flatMap((role) => {
    const metricSource = ratioMetric?.[role]?.metricSource;
    if (metricSource === undefined || !isTraceSource(metricSource, documents)) return [];
    const at = place.source.atText([...place.path, 'ratioMetric', role, 'metricSource', 'spec', 'query']);
    return [{ role, source: { text: metricSource.spec.query, at } }];
  });
}

function placeOf(at: RuleQuery['source']['at'] | undefined): string {
  return at === undefined ? '' : `${at.file}:${at.line}:${at.column}`;
}
