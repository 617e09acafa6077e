import { expect, test } from 'vitest';
import type { SignatureRule } from '../config/signature-rule.js';
import { sampleAlert, sampleIncident } from '../incident/sample-incident.js';
import { MINUTE_MS } from '../lib/duration.js';
import type { TraceId } from '../lib/ids.js';
import type { TrackedSignature } from '../signature/tracked-signature.js';
import { alertedSignatures, signatureSignals } from './signature-signals.js';

const NOW = 1_000_000 * MINUTE_MS;
const rule: SignatureRule = { name: 'news', description: '', severity: 'ticket', runbook: 'errors', services: ['payment'], types: [], when: { kind: 'rate', above: 3, overMs: 5 * MINUTE_MS }, at: { file: 'rules/x.yaml', line: 1, column: 1 } };
const signature = (id: string, service = 'payment'): TrackedSignature => ({
  id, type: 'Declined', message: 'card <int>', service, operation: 'charge', frames: [], firstSeenMs: 0, lastSeenMs: NOW, total: 1, wasThere: true, operations: {}, versions: {}, tenants: {},
  example: { traceId: 'a'.repeat(32) as TraceId, text: '', stack: '' }, firstTraceId: 'a'.repeat(32) as TraceId, earlierIds: [], laterIds: [],
});
const book = { readToMs: () => NOW - MINUTE_MS / 4, byId: (): TrackedSignature | undefined => undefined, all: () => [signature('v2:1'), signature('v2:2'), signature('v2:3', 'front')], family: (id: string) => [id], failures: (_from: number, _to: number, id?: string): number => (id === 'v2:2' ? 0 : 10) };
const input = { rules: [rule], book, openIncidents: [], nowMs: NOW };

test('rules speak of the signatures that they are about, where those fail', () => {
  expect(signatureSignals(input).map(({ key, firing, severity, runbook, labels }) => ({ key, firing, severity, runbook, labels }))).toEqual([
    { key: 'signature:v2:1', firing: true, severity: 'ticket', runbook: 'errors', labels: { alertname: 'ErrorSignature', rule: 'news', signature: 'v2:1', service: 'payment', severity: 'ticket' } },
  ]);
});

test('an alert belongs to the incident that has its signature as evidence', () => {
  const page = sampleIncident();
  const incident = { ...page, evidence: { ...page.evidence!, signature: { ...page.evidence!.signature!, id: 'v2:1' } } };
  expect(signatureSignals({ ...input, openIncidents: [incident] }).map(({ key }) => key)).toEqual([page.key]);
});

test('of several such incidents to that of the service where it begins', () => {
  const page = sampleIncident();
  const shown = (key: string, service: string, startedAtMs: number): typeof page => ({ ...page, key, startedAtMs, alerts: [sampleAlert({ incidentId: page.id, labels: { service } })], evidence: { ...page.evidence!, signature: { ...page.evidence!.signature!, id: 'v2:1' } } });
  const incidents = [shown('slo:front', 'front', 1), shown('slo:payment', 'payment', 3), shown('slo:checkout', 'checkout', 2)];
  for (const openIncidents of [incidents, incidents.toReversed()]) expect(signatureSignals({ ...input, openIncidents }).map(({ key }) => key)).toEqual(['slo:payment']);
  expect(signatureSignals({ ...input, openIncidents: incidents.filter(({ key }) => key !== 'slo:payment').toReversed() }).map(({ key }) => key)).toEqual(['slo:front']);
});

test('what was merged into a failure and is known for long makes it no news', () => {
  const rules = [{ ...rule, when: { kind: 'new' as const, atLeast: 1, overMs: 5 * MINUTE_MS } }];
  const fresh = { ...signature('v2:1'), firstSeenMs: NOW - MINUTE_MS, wasThere: false };
  const old: TrackedSignature = { ...signature('v2:9'), decision: { kind: 'merged', by: 'ann', atMs: NOW, into: 'v2:1' } };
  const merged = { ...book, all: () => [fresh], family: () => ['v2:1', 'v2:9'] };
  expect(signatureSignals({ ...input, rules, book: merged })).toMatchObject([{ firing: true }]);
  expect(signatureSignals({ ...input, rules, book: { ...merged, byId: (id: string) => (id === 'v2:9' ? old : fresh) } })).toEqual([]);
});

test('an alert whose rule is gone is over, in the incident where it is', () => {
  const [signal] = signatureSignals(input);
  const { id: incidentId } = sampleIncident();
  const incident = sampleIncident({ key: 'signature:v2:1', alerts: [sampleAlert({ incidentId, id: signal!.alertId, labels: signal!.labels })] });
  expect(signatureSignals({ ...input, openIncidents: [incident] })).toMatchObject([{ key: 'signature:v2:1', alertId: signal!.alertId, firing: true }]);
  expect(signatureSignals({ ...input, rules: [], openIncidents: [incident] })).toMatchObject([{ key: 'signature:v2:1', alertId: signal!.alertId, firing: false }]);
  expect([...alertedSignatures([incident, sampleIncident()])]).toEqual(['v2:1']);
});

test.each(['v1:9', 'v2:merged'])('an alert that began under the name %s goes on under it: nobody is told again', (old) => {
  const { id: incidentId } = sampleIncident();
  const family = (id: string): readonly string[] => (id === 'v2:1' ? ['v2:1', 'v1:9', 'v2:merged'] : [id]);
  const [before] = signatureSignals({ ...input, book: { ...book, all: () => [signature(old)] } });
  const incident = sampleIncident({ key: before!.key, alerts: [sampleAlert({ incidentId, id: before!.alertId, labels: before!.labels })] });
  const linked = { ...signature(old), laterIds: ['v2:1'] };
  const after = signatureSignals({ ...input, book: { ...book, family, all: () => [linked, signature('v2:1')] }, openIncidents: [incident] });
  expect(after).toMatchObject([{ key: before!.key, alertId: before!.alertId, firing: true }]);
});

test('an alert goes on in the name of its own service when it is merged into a failure of another', () => {
  const { id: incidentId } = sampleIncident();
  const rules = [{ ...rule, services: [] }];
  const family = (id: string): readonly string[] => (id === 'v2:3' ? ['v2:3', 'v2:1'] : [id]);
  const [before] = signatureSignals({ ...input, rules, book: { ...book, all: () => [signature('v2:1')] } });
  const incident = sampleIncident({ key: before!.key, alerts: [sampleAlert({ incidentId, id: before!.alertId, labels: before!.labels })] });
  const merged: TrackedSignature = { ...signature('v2:1'), decision: { kind: 'merged', by: 'ann', atMs: NOW, into: 'v2:3' } };
  const after = signatureSignals({ ...input, rules, book: { ...book, family, all: () => [signature('v2:3', 'front'), merged] }, openIncidents: [incident] });
  expect(after).toMatchObject([{ key: before!.key, alertId: before!.alertId, firing: true, labels: { signature: 'v2:1', service: 'payment' } }]);
});

test('an alert belongs to the incident that has it as evidence under an older name as well', () => {
  const page = sampleIncident();
  const incident = { ...page, evidence: { ...page.evidence!, signature: { ...page.evidence!.signature!, id: 'v1:9' } } };
  const family = (id: string): readonly string[] => [id, 'v1:9'];
  expect(signatureSignals({ ...input, book: { ...book, family, all: () => [signature('v2:1')] }, openIncidents: [incident] }).map(({ key }) => key)).toEqual([page.key]);
});

test('while failures cannot be read nothing is said: an alert that fires goes on', () => {
  const behind = { ...book, readToMs: () => NOW - 3 * MINUTE_MS, failures: () => 0 };
  const [signal] = signatureSignals(input);
  const { id: incidentId } = sampleIncident();
  const incident = sampleIncident({ key: 'signature:v2:1', alerts: [sampleAlert({ incidentId, id: signal!.alertId, labels: signal!.labels })] });
  expect(signatureSignals({ ...input, book: behind, openIncidents: [incident] })).toEqual([]);
  expect(signatureSignals({ ...input, book: { ...behind, readToMs: () => NOW - MINUTE_MS }, openIncidents: [incident] })).toMatchObject([{ firing: false }]);
});
