import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { requireOrSkip } from '../support/require.js';
import { OPERATIONS, ROOT } from './documents.js';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string }[];
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

const GRAFANA = join(ROOT, 'docker/grafana');
const FOLDER = join(GRAFANA, 'dashboards');
const dashboards = readdirSync(FOLDER).map((name) => ({ name, dashboard: JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Dashboard }));
const expressionsOf = ({ panels, annotations }: Dashboard): string[] => [...panels.flatMap(({ targets }) => (targets ?? []).map(({ expr }) => expr)), ...annotations.list.map(({ expr }) => expr)];
/** What Grafana puts in. */
const filledIn = (expr: string): string => expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(service|slo)\b/g, 'x');

describe.each(dashboards)("Grafana's dashboard $name", ({ dashboard }) => {
  test('asks only for metrics that are documented', () => {
    const text = [...expressionsOf(dashboard), ...dashboard.templating.list.map(({ definition }) => definition ?? '')].join('\n');
    const asked = [...text.matchAll(/\b(?:tocsin_\w+|slo:[\w:]+|sloth_slo_info|ALERTS)\b/g)].map(([name]) => name.replace(/_bucket$/, '').replace(/^(slo:sli_error:ratio_rate).*/, '$1'));
    expect(new Set(asked).size).toBeGreaterThan(5);
    expect([...new Set(asked)].filter((name) => !OPERATIONS.text.includes(`\`${name}`))).toEqual([]);
  });

  test('has panels that do not share an id and take their data from the chosen Prometheus', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(dashboard.panels.filter(({ targets, datasource }) => targets !== undefined && datasource?.uid !== '${datasource}').map(({ title }) => title)).toEqual([]);
  });

  test.skipIf(!requireOrSkip('promtool', 'apt-get install prometheus'))('asks in PromQL that Prometheus understands', () => {
    const rules = expressionsOf(dashboard).map((expr, index) => ({ record: `checked:${index}`, expr: filledIn(expr) }));
    const directory = mkdtempSync(join(tmpdir(), 'tocsin-grafana-'));
    try {
      writeFileSync(join(directory, 'rules.yaml'), stringify({ groups: [{ name: 'dashboard', rules }] }));
      expect(execFileSync('promtool', ['check', 'rules', join(directory, 'rules.yaml')], { encoding: 'utf8' })).toContain(`${rules.length} rules found`);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

test('provisioning names the folder of the dashboards and links exemplars to the page of their trace', () => {
  const read = (path: string): unknown => parse(readFileSync(join(GRAFANA, path), 'utf8'));
  expect(read('provisioning/dashboards/tocsin.yaml')).toMatchObject({ apiVersion: 1, providers: [{ type: 'file', options: { path: '/var/lib/grafana/dashboards' } }] });
  // `$$` is Grafana's way to write a `$` that is not a variable of its environment.
  expect(read('provisioning/datasources/prometheus.yaml')).toMatchObject({ apiVersion: 1, datasources: [{ type: 'prometheus', jsonData: { exemplarTraceIdDestinations: [{ name: 'trace_id', url: expect.stringContaining('/traces/$${__value.raw}') }] } }] });
});

test.skipIf(!requireOrSkip('promtool', 'apt-get install prometheus'))('Prometheus takes the scrape configuration', () => {
  expect(execFileSync('promtool', ['check', 'config', join(GRAFANA, 'prometheus.yaml')], { encoding: 'utf8' })).toContain('SUCCESS');
});
