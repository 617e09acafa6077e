import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as wire from '../../test/support/otlp-wire.js';
import { firstServiceName } from './service-name.js';

describe('the service of a request, without decoding it', () => {
  test('is the first resource\'s, wherever it stands among the attributes', () => {
    const owner = wire.resource([['host.name', 'a'], ['service.name', 'checkout'], ['x', [1, 2]]]);
    expect(firstServiceName(wire.request([wire.span()], owner), 'protobuf')).toBe('checkout');
    expect(firstServiceName(wire.request([wire.logRecord()], owner), 'protobuf')).toBe('checkout');
    const json = JSON.stringify({ resourceSpans: [{ resource: { attributes: [{ key: 'a', value: { intValue: '1' } }, { key: 'service.name', value: { stringValue: 'café' } }] } }] });
    expect(firstServiceName(Buffer.from(json), 'json')).toBe('café');
  });

  test('is empty where there is none', () => {
    expect(firstServiceName(wire.request([wire.span()], wire.resource([['host.name', 'service.name']])), 'protobuf')).toBe('');
    expect(firstServiceName(new Uint8Array(0), 'protobuf')).toBe('');
    expect(firstServiceName(Buffer.from('{}'), 'json')).toBe('');
  });

  test('is cut, so that nobody fills memory with it', () => {
    const owner = wire.resource([['service.name', 'x'.repeat(10_000)]]);
    expect(firstServiceName(wire.request([], owner), 'protobuf')).toHaveLength(255);
  });

  test('never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom<'protobuf' | 'json'>('protobuf', 'json'), (bytes, encoding) => {
      expect(firstServiceName(bytes, encoding).length).toBeLessThanOrEqual(255);
    }));
  });
});
