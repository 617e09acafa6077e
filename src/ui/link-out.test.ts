import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLinkTemplate } from '../config/link-template.js';
import { failedTrace } from '../../test/support/page-trace.js';
import { linksOut } from './link-out.js';

const span = { ...failedTrace(0).spans[0]!, traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), serviceName: 'front end', name: 'GET /', startNs: 1_795_000_000_000_500_000n, durationNs: 2_000_000, resource: { 'k8s.pod.name': 'front-1', replicas: 3n }, attributes: { 'user.id': '../x?y=1&z' } } as never;
const url = (template: string): string | undefined => linksOut([{ name: 'Logs', url: template }], span)[0]?.url;

test('placeholders take the values of the span, written for a URL', () => {
  expect(url('https://logs.example.com/explore?q={trace_id}&s={span_id}&svc={service}&op={name}')).toBe(`https://logs.example.com/explore?q=${'a'.repeat(32)}&s=${'b'.repeat(16)}&svc=front%20end&op=GET%20%2F`);
  expect(url('https://k8s.example.com/pods/{resource.k8s.pod.name}/{resource.replicas}')).toBe('https://k8s.example.com/pods/front-1/3');
  expect(url('https://x.example.com/{span.user.id}')).toBe('https://x.example.com/..%2Fx%3Fy%3D1%26z');
  expect(url('https://x.example.com/?from={from}&to={to}')).toBe('https://x.example.com/?from=1794999700000&to=1795000300003');
  expect(url('https://x.example.com/?from={from_iso}&to={to_iso}')).toBe('https://x.example.com/?from=2026-11-18T11%3A01%3A40.000Z&to=2026-11-18T11%3A11%3A40.003Z');
});

test('a link without a value for one of its placeholders is left out', () => {
  expect(url('https://x.example.com/{resource.k8s.node.name}')).toBeUndefined();
  expect(url('https://x.example.com/{span.constructor}')).toBeUndefined();
});

test('whatever a sender wrote, the link leads to the host of its template', () => {
  fc.assert(fc.property(fc.string(), (value) => {
    const [link] = linksOut([{ name: 'x', url: 'https://x.example.com/a/{span.k}?q={span.k}#{span.k}' }], { ...(span as object), attributes: { k: value } } as never);
    expect(link === undefined ? 'x.example.com' : new URL(link.url).host).toBe('x.example.com');
  }));
});

test.each([
  ['javascript:alert({trace_id})', 'http'], ['https://{service}.example.com/', 'host'], ['https://x.example.com{span.a}/', 'host'], ['https://user@{service}/', 'host'],
  ['https://x.example.com/{trace}', 'no placeholder {trace}'], ['https://x.example.com/{trace_id', 'brace'], ['https://x.example.com/{resource.}', 'no placeholder'], ['logs?q={trace_id}', 'http'],
])('%s is refused', (template, reason) => {
  const read = readLinkTemplate(template);
  expect(read.ok ? '' : read.error).toContain(reason);
});
