import { expect, test } from 'vitest';
import { buildSlo } from '../budget/slo-builder.js';
import { chooseEvidence, type EventTrace } from '../diagnosis/representatives.js';
import { sampleIncident } from '../incident/sample-incident.js';
import { buildSpan, spanId } from '../signature/span-builder.js';
import type { Attributes, Span } from '../trace/span.js';
import { sampleDelivery, sampleNotification } from './sample-delivery.js';
import { incidentMessage } from './slack-message.js';

/** The demo's shop and its two faults, as their traces tell them. */
const START_MS = Date.UTC(2026, 10, 20, 3, 0, 0);
const REGIONS = ['eu-1', 'eu-2', 'us-1', 'us-2'];

function order(id: number, region: string): EventTrace {
  const fails = region === 'eu-2' && id < 1_000;
  const error = fails ? { status: 'error' as const } : {};
  const attributes: Attributes = { 'shop.region': region };
  const at = { trace: `o${id}`, startMs: START_MS + id * 500 };
  return {
    badSpanId: spanId('payment'),
    spans: [
      buildSpan({ ...at, id: 'front', service: 'front', name: 'POST /checkout', kind: 'server', durationMs: 90, attributes, ...error }),
      buildSpan({ ...at, id: 'checkout', parent: 'front', service: 'checkout', name: 'POST /checkout', kind: 'server', durationMs: 80, attributes, ...error }),
      buildSpan({ ...at, id: 'call', parent: 'checkout', service: 'checkout', name: 'POST', kind: 'client', durationMs: 60, ...error }),
      buildSpan({
        ...at, id: 'payment', parent: 'call', service: 'payment', name: 'POST /payments', kind: 'server', durationMs: 50, attributes, resource: { 'service.version': '2.3' }, ...error,
        ...(fails ? { exception: { type: 'PaymentDeclined', message: `issuer for region ${region} unreachable: ref 9f3a${(4_096 + id).toString(16)}` } } : {}),
      }),
    ],
  };
}

function view(id: number, cacheMs: number): EventTrace {
  const at = { trace: `v${id}`, startMs: START_MS + id * 500 };
  const spans: readonly Span[] = [
    buildSpan({ ...at, id: 'front', service: 'front', name: 'GET /products/{id}', kind: 'server', durationMs: 30 + cacheMs }),
    buildSpan({ ...at, id: 'cat', parent: 'front', service: 'catalogue', name: 'GET /products/{id}', kind: 'server', durationMs: 20 + cacheMs }),
    buildSpan({ ...at, id: 'get', parent: 'cat', service: 'catalogue', name: 'get', kind: 'client', durationMs: 5 + cacheMs, attributes: { 'db.system.name': 'redis', 'db.query.text': `get catalogue:product:${id}`, 'server.address': 'localhost', 'server.port': 6379 } }),
  ];
  return { spans, badSpanId: spanId('cat') };
}

function slackText(badTraces: readonly EventTrace[], healthyTraces: readonly EventTrace[]): string {
  const evidence = chooseEvidence({ badTraces, healthyTraces, badEvents: badTraces.length, burned: 0.02, nowMs: START_MS, slo: buildSlo() });
  return JSON.stringify(incidentMessage(sampleNotification('opened', { delivery: sampleDelivery('opened', sampleIncident({ evidence })) })).blocks);
}

test('payment that fails for one region is named with place, region, version, its part of the budget and its error', () => {
  const text = slackText(Array.from({ length: 30 }, (_, index) => order(index, 'eu-2')), Array.from({ length: 60 }, (_, index) => order(1_000 + index, REGIONS[index % 4]!)));
  expect(text).toContain('*Suspected cause:* 30 of 30 failures start in payment POST /payments; all 30 have shop.region=eu-2 (15 of 60 healthy requests do)');
  expect(text).toContain('*Budget:* payment 2.3 POST /payments burned 100 % of it, 2 % of the whole budget');
  expect(text).toMatch(/\*Error:\* `PaymentDeclined: issuer for region eu-&lt;number&gt; unreachable: ref &lt;hex&gt;` in payment, POST \/payments \(30 times\)/);
  expect(text).toContain('Most common failure, and the first, at 2026-11-20 03:00:00 UTC: 30 of 30 failed like this');
});

test('a slow cache is named with who called it, and with the statement that waits for it', () => {
  const text = slackText(Array.from({ length: 30 }, (_, index) => view(index, 1_200)), Array.from({ length: 60 }, (_, index) => view(1_000 + index, 0)));
  expect(text).toContain('*Suspected cause:* 30 of 30 slow requests spend most of the extra time in redis get (called by catalogue)');
  expect(text).toContain('*Slow statement:* A statement of catalogue takes 1.21 s, usually 5 ms: get catalogue:product:? (30 of 30');
  expect(text).toContain('*Budget:* redis get burned 100 % of it');
});
