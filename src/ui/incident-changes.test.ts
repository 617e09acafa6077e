import { expect, test } from 'vitest';
import { sampleIncident } from '../incident/sample-incident.js';
import { MINUTE_MS } from '../lib/duration.js';
import type { Change } from '../query/change.js';
import { aroundStart, changeRows } from './incident-changes.js';

const incident = sampleIncident({});
const change = (id: string, minutes: number, service?: string): Change => ({ id, atMs: incident.startedAtMs + minutes * MINUTE_MS, kind: 'deployment', service, version: 'v2', title: id, by: 'ci', url: undefined });

test('what was done to the services that alert comes first, then what is nearest in time', () => {
  const own = incident.alerts[0]?.labels['service'] ?? '';
  const rows = changeRows([change('far', -90), change('near', -1), change('answer', 5), change('own', -60, own)], incident);
  expect(rows.map(({ text, distance }) => [text, distance])).toEqual([
    [`${own} v2: own (by ci)`, '60 min before it began'], ['v2: near (by ci)', '1 min before it began'], ['v2: answer (by ci)', '5 min after it began'], ['v2: far (by ci)', '90 min before it began'],
  ]);
  expect(aroundStart(incident)).toEqual({ fromMs: incident.startedAtMs - 120 * MINUTE_MS, toMs: incident.startedAtMs + 30 * MINUTE_MS });
});
