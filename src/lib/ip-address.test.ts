import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressBytes, isWithin, parseNetwork } from './ip-address.js';

const anyText = fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.%]{0,24}$/));

test('an address is what Node takes for one, but for scopes', () => {
  fc.assert(fc.property(anyText, (text) => {
    expect(addressBytes(text)?.length).toBe(text.includes('%') ? undefined : { 0: undefined, 4: 4, 6: 16 }[isIP(text)]);
  }));
});

test('a network holds what Node\'s list holds', () => {
  const pair = fc.oneof(fc.tuple(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 })), fc.tuple(fc.ipV6(), fc.ipV6(), fc.integer({ min: 0, max: 128 })));
  fc.assert(fc.property(pair, fc.boolean(), ([network, other, prefix], isSame) => {
    const family = isIP(network) === 4 ? 'ipv4' : 'ipv6';
    const address = isSame ? network : other;
    const list = new BlockList();
    list.addSubnet(network, prefix, family);
    expect(isWithin(addressBytes(address) ?? [], parseNetwork(`${network}/${String(prefix)}`)!)).toBe(list.check(address, family));
  }));
});

test.each(['10.0.0.0', '10.0.0.0/33', '::/129', 'x/8', '010.0.0.0/8', '/8'])('%s is no network', (text) => {
  expect(parseNetwork(text)).toBeUndefined();
});
