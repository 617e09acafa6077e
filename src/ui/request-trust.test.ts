import { describe, expect, test } from 'vitest';
import { isPublicRoute, roleFor, tokenCookie, tokenOf } from './access-policy.js';
import { isSameOrigin, isTrustedHost, ownPath } from './request-trust.js';

const LOOPBACK = { bindHost: '127.0.0.1', publicUrl: 'https://tocsin.example' };

describe('on a loopback bind, the name in Host', () => {
  test.each(['localhost', 'localhost:4400', '127.0.0.1:4400', '[::1]:4400', 'tocsin.example', 'tocsin.example:443'])('%s is served', (host) => {
    expect(isTrustedHost(host, LOOPBACK)).toBe(true);
  });

  test.each(['evil.example', 'evil.example:4400', 'localhost.evil.example', '127.0.0.1.nip.io', 'tocsin.example.evil', '', 'a b', '127.0.0.1@evil.example', undefined])('%s is refused', (host) => {
    expect(isTrustedHost(host, LOOPBACK)).toBe(false);
  });

  test('is not looked at elsewhere: there tokens and TLS decide', () => {
    expect(isTrustedHost('anything.example', { ...LOOPBACK, bindHost: '0.0.0.0' })).toBe(true);
  });
});

describe('a change', () => {
  const host = '127.0.0.1:4400';
  test.each([
    ['from our own page', { 'sec-fetch-site': 'same-origin', origin: 'http://127.0.0.1:4400', host }, true],
    ['from no browser', { host }, true],
    ['from an old browser on our page', { origin: 'http://127.0.0.1:4400', host }, true],
    ['behind a proxy that renames the host', { origin: 'https://tocsin.example', host }, true],
    ['from another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example', host }, false],
    ['from another port of this machine', { origin: 'http://127.0.0.1:8080', host }, false],
    ['from a sibling name', { 'sec-fetch-site': 'same-site', host }, false],
    ['from a sandboxed frame', { origin: 'null', host }, false],
    ['typed by a person', { 'sec-fetch-site': 'none', host }, false],
  ])('%s: %j is allowed: %s', (_name, headers, allowed) => {
    expect(isSameOrigin(headers, LOOPBACK)).toBe(allowed);
  });
});

test.each([
  ['/incidents/1?x=2', '/incidents/1?x=2'], ['//evil.example/x', '/'], ['/\\evil.example', '/'], ['https://evil.example', '/'], ['/\t/evil.example', '/'], ['javascript:alert(1)', '/'], [undefined, '/'], [['/a'], '/'],
])('after the login %j leads to %s', (next, expected) => {
  expect(ownPath(next)).toBe(expected);
});

describe('the token', () => {
  test('comes from the header before the cookie, and survives the way through a cookie', () => {
    const cookie = tokenCookie('a b;c=ü', { secure: true, maxAgeSeconds: 60 });
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; Max-Age=60; Secure$/);
    const [pair] = cookie.split(';');
    expect(tokenOf({ cookie: `other=1; ${pair ?? ''}` })).toBe('a b;c=ü');
    expect(tokenOf({ authorization: 'Bearer secret', cookie: pair })).toBe('secret');
    expect(tokenOf({ authorization: `Basic ${Buffer.from('anyone:se:cret').toString('base64')}` })).toBe('se:cret');
  });

  test.each([{}, { cookie: 'tocsin_token=' }, { cookie: 'tocsin_token=%' }, { cookie: 'not_tocsin_token=x' }, { authorization: 'Basic nocolon' }])('is missing in %j', (headers) => {
    expect(tokenOf(headers)).toBeUndefined();
  });

  test('needs more rights to change than to read, and none for what must always answer', () => {
    expect(['GET', 'HEAD', 'POST', 'DELETE', 'PUT'].map((method) => roleFor(method, '/api/v1/slos'))).toEqual(['viewer', 'viewer', 'responder', 'responder', 'responder']);
    // Asks what does not fit into an address, and changes nothing.
    expect(roleFor('POST', '/api/v1/backtest/slices')).toBe('viewer');
    expect(roleFor('GET', undefined)).toBe('admin');
    expect([roleFor('GET', '/api/v1/erasures'), roleFor('POST', '/api/v1/erasures')]).toEqual(['viewer', 'admin']);
    expect(['/healthz', '/login', '/assets/page.js'].every(isPublicRoute)).toBe(true);
    expect(['/', '/metrics', '/api/v1/slos', '/assets', '/loginx'].some(isPublicRoute)).toBe(false);
  });
});
