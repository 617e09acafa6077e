import { expect, test } from 'vitest';
import { culpritAgainst, diagnoseEvents, explainedBy } from './culprit-against.js';
import { SHOP, tell, type FaultStory } from '../../test/support/story-traffic.js';
import type { Traffic } from './culprit/traffic.js';
import { findingOf, type EventTrace } from './finding.js';
import { mostFrequentPlace } from './suspect.js';

/** One event a trace: its root. */
function events({ spans, logs }: Traffic): readonly EventTrace[] {
  const ids = [...new Set(spans.map((span) => span.traceId))];
  return ids.map((id) => {
    const own = spans.filter((span) => span.traceId === id);
    return { spans: own, badSpanId: own.find((span) => span.parentSpanId === '')!.spanId, logs: logs.filter((line) => line.traceId === id) };
  });
}

function culprit(fault: FaultStory): ReturnType<typeof culpritAgainst> {
  const shop = { services: SHOP, root: 'front', requests: 60 };
  const [bad, healthy] = [events(tell({ ...shop, seed: 2, fault })), events(tell({ ...shop, seed: 1 }))];
  const findings = bad.map((trace) => findingOf(trace, { usual: new Map(), peers: new Map() })).filter((finding) => finding !== undefined);
  return culpritAgainst(mostFrequentPlace(findings)!, diagnoseEvents(bad, healthy));
}

test('a failure that its origin does not report, but writes about, is traced to it', () => {
  expect(culprit({ service: 'tax', says: 'falling back to the default rate' })).toMatchObject({ service: 'tax', strength: 'strong' });
});

test('where the traces name the place themselves nothing is added', () => {
  expect(culprit({ service: 'price', fails: true })).toBeUndefined();
});

test('with too few healthy requests nothing is said', () => {
  const bad = events(tell({ services: SHOP, root: 'front', requests: 20, seed: 2, fault: { service: 'price', fails: true } }));
  expect(diagnoseEvents(bad, bad.slice(0, 9))).toBeUndefined();
});

test('a page has the operations and resources that are more than chance', () => {
  const shop = { services: SHOP, root: 'front', requests: 60 };
  const healthy = events(tell({ ...shop, seed: 1 }));
  const bad = events(tell({ ...shop, seed: 2, fault: { service: 'price', fails: true, onPods: ['price-a'] } }));
  const { operations, resources } = explainedBy(diagnoseEvents(bad, healthy)!);
  expect(operations[0]).toMatchObject({ service: 'price', operation: 'GET /price/{id}' });
  expect(resources[0]).toMatchObject({ attribute: 'k8s.pod.name', value: 'price-a' });
  expect(explainedBy(diagnoseEvents(events(tell({ ...shop, seed: 3 })), healthy)!)).toEqual({ operations: [], resources: [] });
});
