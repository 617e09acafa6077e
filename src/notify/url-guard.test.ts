import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isInternalAddress } from '../lib/internal-address.js';
import { readInternalTargets } from '../lib/internal-targets.js';
import { guardedPost } from './http-guarded-post.js';
import { startWebhookStandIn } from './stand-in/http-webhook-stand-in.js';
import { UrlGuard, type ResolvedAddress, type Resolver } from './url-guard.js';

const v4 = (address: string): ResolvedAddress => ({ address, family: 4 });
const NEVER: Resolver = () => Promise.reject(new Error('nobody may be asked'));
function guard(resolve: Resolver = NEVER, allow: readonly string[] = []): UrlGuard {
  const targets = readInternalTargets(allow);
  if (!targets.ok) throw new Error(targets.error);
  return new UrlGuard(targets.value, resolve);
}
const passes = async (url: string, ...more: Parameters<typeof guard>): Promise<boolean> => (await guard(...more).check(url)).ok;

/** The same address as browsers and resolvers read it. */
const spellings = (octets: readonly number[]): string[] => {
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  const whole = ((a * 256 + b) * 256 + c) * 256 + d;
  const octal = (part: number): string => `0${part.toString(8)}`;
  const hex = (part: number): string => `0x${part.toString(16)}`;
  return [octets.join('.'), String(whole), hex(whole), octets.map(octal).join('.'), octets.map(hex).join('.'), `${String(a)}.${String((b * 256 + c) * 256 + d)}`, `${String(a)}.${octal(b)}.${hex(c * 256 + d)}`, `${octets.join('.')}.`, `[::ffff:${octets.join('.')}]`, `[::ffff:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}]`];
};
const octet = fc.integer({ min: 0, max: 255 });
const internalOctets = fc.oneof(
  fc.tuple(fc.constantFrom(0, 10, 127, 224, 240, 255), octet, octet, octet), fc.tuple(fc.constant(192), fc.constant(168), octet, octet), fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
  fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), octet, octet), fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), octet, octet),
);
const publicOctets = fc.tuple(octet, octet, octet, octet).filter((octets) => !isInternalAddress(octets.join('.')));

describe('the public internet', () => {
  test.each(['0.0.0.0', '10.0.0.1', '100.100.0.1', '127.0.0.1', '169.254.169.254', '172.31.255.255', '192.168.1.1', '198.19.0.1', '224.0.0.1', '255.255.255.255', '::', '::1', '::ffff:8.8.8.8', 'fe80::1', 'fe80::1%eth0', 'fd00::1', 'ff02::1', 'fec0::1', '64:ff9b::7f00:1', '2002:7f00:1::', '2001::1', '2001:db8::1', '100::1', '5f00::1', 'localhost', ''])('%s is no part of it', (address) => {
    expect(isInternalAddress(address)).toBe(true);
  });

  test.each(['8.8.8.8', '172.15.0.1', '172.32.0.1', '100.63.0.1', '192.167.0.1', '223.255.255.254', '2606:4700::1', '2a00:1450::1'])('%s is', (address) => {
    expect(isInternalAddress(address)).toBe(false);
  });
});

describe('a URL from outside', () => {
  test('that leads inside is refused, however its address is written', async () => {
    await fc.assert(fc.asyncProperty(internalOctets, fc.integer({ min: 0, max: 9 }), async (octets, spelling) => {
      expect(await passes(`https://${spellings(octets)[spelling] ?? ''}/x`)).toBe(false);
    }));
  });

  test('that leads outside is let through', async () => {
    await fc.assert(fc.asyncProperty(publicOctets, fc.integer({ min: 0, max: 6 }), async (octets, spelling) => {
      expect(await passes(`https://${spellings(octets)[spelling] ?? ''}/x`)).toBe(true);
    }));
  });

  test('is refused when any address of its name is inside, and is asked for once', async () => {
    await fc.assert(fc.asyncProperty(fc.array(publicOctets, { minLength: 1, maxLength: 5 }), fc.option(internalOctets, { nil: undefined }), async (outside, inside) => {
      const addresses = [...outside, ...(inside === undefined ? [] : [inside])].map((octets) => v4(octets.join('.')));
      let asked = 0;
      const checked = await guard(() => {
        asked += 1;
        return Promise.resolve(addresses);
      }).check('https://hooks.example/x');
      expect([checked.ok, asked]).toEqual([inside === undefined, 1]);
      if (checked.ok) expect(checked.value.addresses).toEqual(addresses);
    }));
  });

  test.each([
    ['http', 'http://8.8.8.8/'], ['a file', 'file:///etc/passwd'], ['another protocol', 'gopher://8.8.8.8/'], ['a user name', 'https://ann@8.8.8.8/'], ['no URL', 'hooks.slack.com'], ['a name without addresses', 'https://nowhere.example/'], ['a name that cannot be looked up', 'https://localhost/'],
  ])('is refused with %s', async (_name, url) => {
    expect(await passes(url, (name) => (name === 'localhost' ? Promise.reject(new Error('no')) : Promise.resolve([])))).toBe(false);
  });

  test('may lead to what the operator allows, and to nothing beside it', async () => {
    const inside: Resolver = () => Promise.resolve([v4('10.1.2.3')]);
    const allow = ['hooks.corp.example:8443', '127.0.0.1:9000', '10.9.0.0/16', 'fd00::/8', '[::1]:9000'];
    const tried = ['https://hooks.corp.example:8443/', 'http://hooks.corp.example:8443/', 'https://hooks.corp.example/', 'http://127.0.0.1:9000/', 'http://127.0.0.1:9001/', 'https://10.9.1.1/', 'https://10.8.1.1/', 'https://[fd00::1]/', 'http://[::1]:9000/', 'https://other.example/'];
    expect(await Promise.all(tried.map((url) => passes(url, inside, allow)))).toEqual([true, true, false, true, false, true, false, true, true, false]);
  });

  test.each(['hooks.example/path', 'https://hooks.example', '10.0.0.0/40', 'a b', '10.0.0.0/8/9'])('"%s" is nothing that can be allowed', (entry) => {
    expect(readInternalTargets([entry]).ok).toBe(false);
  });
});

describe('a post', () => {
  test('goes to the address that was checked, whatever its name answers the next time', async () => {
    const hook = await startWebhookStandIn();
    const { port } = new URL(hook.url);
    const answers = [[v4('127.0.0.1')], [v4('192.0.2.1')]];
    const own = guard(() => Promise.resolve(answers.shift() ?? []), [`hooks.corp.example:${port}`]);
    expect(await guardedPost(own, { url: `http://hooks.corp.example:${port}/a`, body: { text: 'x' } })).toBeUndefined();
    expect(hook.received()).toMatchObject([{ path: '/a', body: '{"text":"x"}', headers: { host: `hooks.corp.example:${port}` } }]);
    expect(answers).toHaveLength(1);
    await hook.close();
  });

  test('follows no redirect', async () => {
    const hook = await startWebhookStandIn();
    hook.failNext({ status: 302, headers: { location: `${hook.url}/elsewhere` } });
    const own = guard(NEVER, ['127.0.0.1']);
    expect(await guardedPost(own, { url: hook.url, body: {} })).toBe('HTTP 302');
    expect([hook.requests(), hook.received()]).toEqual([1, []]);
    await hook.close();
  });

  test('that is refused asks nobody, and one that fails says why', async () => {
    const hook = await startWebhookStandIn();
    expect(await guardedPost(guard(), { url: hook.url, body: {} })).toBe('it is not https');
    expect(hook.requests()).toBe(0);
    hook.failNext({ hang: true });
    expect(await guardedPost(guard(NEVER, ['127.0.0.1']), { url: hook.url, body: {}, timeoutMs: 50 })).toContain('timeout');
    await hook.close();
  });
});
