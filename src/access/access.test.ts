import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createAuthorizer, type Authorizer } from './authorize.js';
import { ROLES } from './role.js';
import { parseTokens } from './tokens.js';

const hashOf = (token: string): string => `sha256:${createHash('sha256').update(token).digest('hex')}`;
const LOOPBACK = { http: { host: '127.0.0.1' }, otlp: { host: 'localhost' } };
const FILE = `tokens:
  - { name: grafana, role: viewer, hash: '${hashOf('view-secret')}' }
  - { name: on-call, role: responder, hash: '${hashOf('respond-secret')}' }
  - { name: ops, role: admin, hash: '${hashOf('admin-secret')}' }
  - { name: collector, role: ingest, hash: '${hashOf('ingest-secret')}' }
`;
const authorizer = (): Authorizer => {
  const tokens = parseTokens({ path: 'tokens.yaml', text: FILE });
  if (!tokens.ok) throw new Error(JSON.stringify(tokens.error));
  return createAuthorizer({ settings: { http: { host: '0.0.0.0' }, otlp: { host: '0.0.0.0' } }, tokens: tokens.value });
};

describe('authorize', () => {
  test('without tokens loopback is open, and anything else is a bug', () => {
    expect(createAuthorizer({ settings: LOOPBACK, tokens: undefined })(undefined, 'admin')).toEqual({ kind: 'allowed', who: { name: 'local', role: 'admin' } });
    expect(() => createAuthorizer({ settings: { ...LOOPBACK, otlp: { host: '0.0.0.0' } }, tokens: undefined })).toThrow('loopback only');
  });

  test('with tokens loopback needs one too', () => {
    const tokens = parseTokens({ path: 't', text: FILE });
    const authorize = createAuthorizer({ settings: LOOPBACK, tokens: tokens.ok ? tokens.value : undefined });
    expect(authorize(undefined, 'viewer')).toMatchObject({ kind: 'denied', reason: 'missing' });
  });

  test('each role may do what it says, and no more', () => {
    const authorize = authorizer();
    const table = ['view-secret', 'respond-secret', 'admin-secret', 'ingest-secret'].map((token) => ROLES.filter((role) => authorize(`Bearer ${token}`, role).kind === 'allowed'));
    expect(table).toEqual([['viewer'], ['viewer', 'responder'], ['viewer', 'responder', 'admin', 'ingest'], ['ingest']]);
    expect(authorize('Bearer view-secret', 'admin')).toMatchObject({ reason: 'insufficient', message: 'the token "grafana" has the role viewer, this needs admin' });
    expect(authorize('bearer  respond-secret ', 'responder')).toEqual({ kind: 'allowed', who: { name: 'on-call', role: 'responder' } });
  });

  test('browsers send the token as a password', () => {
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
    expect(authorizer()(basic('anybody:view-secret'), 'viewer')).toMatchObject({ kind: 'allowed', who: { name: 'grafana' } });
    expect(authorizer()(basic('view-secret'), 'viewer')).toMatchObject({ kind: 'denied', reason: 'missing' });
    expect(authorizer()(basic('anybody:'), 'viewer')).toMatchObject({ kind: 'denied', reason: 'missing' });
  });

  test.each([undefined, '', 'Bearer', 'Bearer ', 'Digest x', `Bearer ${'x'.repeat(5_000)}`, 'Bearer a b', 'view-secret'])('%s is no token', (header) => {
    expect(authorizer()(header, 'viewer')).toMatchObject({ kind: 'denied', reason: 'missing' });
  });

  test.each(['view-secre', 'view-secret2', hashOf('view-secret'), 'VIEW-SECRET', ''.padEnd(64, '0')])('%s is not known, and not repeated', (token) => {
    const answer = authorizer()(`Bearer ${token}`, 'viewer');
    expect(answer).toMatchObject({ kind: 'denied', reason: 'unknown' });
    expect(JSON.stringify(answer)).not.toContain(token);
  });
});

describe('the tokens file', () => {
  const problems = (text: string): string[] => {
    const parsed = parseTokens({ path: 'tokens.yaml', text });
    return parsed.ok ? [] : parsed.error.map(({ at, code, path }) => `${at.line} ${code} ${path}`);
  };

  test('may be JSON', () => {
    expect(parseTokens({ path: 't', text: JSON.stringify({ tokens: [{ name: 'a', role: 'viewer', hash: hashOf('x') }] }) }).ok).toBe(true);
  });

  test.each([
    ['empty', '', ['1 tokens/missing-key tokens']],
    ['no tokens', 'tokens: []\n', ['1 tokens/invalid-value tokens']],
    ['an unknown role', `tokens:\n  - { name: a, role: root, hash: '${hashOf('x')}' }\n`, ['2 tokens/invalid-value tokens[0].role']],
    ['an unknown key', `tokens:\n  - { name: a, role: viewer, hash: '${hashOf('x')}', tokn: x }\n`, ['2 tokens/unknown-key tokens[0].tokn']],
    ['the token itself', 'tokens:\n  - { name: a, role: viewer, hash: hunter2 }\n', ['2 tokens/invalid-value tokens[0].hash']],
    ['the hash of nothing', `tokens:\n  - { name: a, role: viewer, hash: '${hashOf('')}' }\n`, ['2 tokens/invalid-value tokens[0].hash']],
    ['a name twice', `tokens:\n  - { name: a, role: viewer, hash: '${hashOf('x')}' }\n  - { name: a, role: admin, hash: '${hashOf('y')}' }\n`, ['3 tokens/duplicate tokens[1].name']],
    ['a hash twice', `tokens:\n  - { name: a, role: viewer, hash: '${hashOf('x')}' }\n  - { name: b, role: admin, hash: '${hashOf('x')}' }\n`, ['3 tokens/duplicate tokens[1].hash']],
  ])('%s', (_, text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  test('a token pasted by mistake is not repeated in the message', () => {
    expect(JSON.stringify(parseTokens({ path: 't', text: 'tokens:\n  - { name: a, role: viewer, hash: hunter2 }\n' }))).not.toContain('hunter2');
  });
});
