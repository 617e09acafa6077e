import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { disposeServices, newGround, runTocsin, startServiceProcess, type Exit } from '../support/service-process.js';

vi.setConfig({ testTimeout: 60_000 });

let taken: Server;
beforeAll(async () => {
  taken = createServer();
  await new Promise<void>((resolve) => { taken.listen(0, '127.0.0.1', resolve); });
});
afterAll(async () => {
  await disposeServices();
  await new Promise((resolve) => taken.close(resolve));
});

function expectOneLine({ code, stdout, stderr }: Exit, ...words: readonly string[]): void {
  const lines = stderr.trimEnd().split('\n').filter((line) => !line.startsWith('{"level":30'));
  expect(lines, stderr).toHaveLength(1);
  for (const word of words) expect(lines[0]).toContain(word);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
}

describe('on bad ground, serve says in one line what to do and exits with 2', () => {
  test.each(['TOCSIN_HTTP_PORT', 'TOCSIN_OTLP_GRPC_PORT', 'TOCSIN_OTLP_HTTP_PORT'])('port in use: %s', async (setting) => {
    const { port } = taken.address() as AddressInfo;
    const exit = await startServiceProcess({ ground: newGround(), env: { [setting]: String(port) } }).exited;
    expectOneLine(exit, `port ${port}`, 'in use', setting);
  });

  test('a data directory that cannot be', async () => {
    const ground = newGround({ 'a-file': 'x' });
    // Root may write everywhere, but not below a file, and not into /proc.
    for (const dataDir of [ground.path('a-file'), ground.path('a-file/data/below'), '/proc/tocsin-data']) {
      expectOneLine(await startServiceProcess({ ground, env: { TOCSIN_DATA_DIR: dataDir } }).exited, dataDir, 'TOCSIN_DATA_DIR');
    }
  });

  test('a data directory that another Tocsin holds, which goes on undisturbed', async () => {
    const ground = newGround();
    const first = startServiceProcess({ ground });
    const { http } = await first.ready;
    const second = await startServiceProcess({ ground }).exited;
    expectOneLine(second, 'in use by process', String(first.child.pid), 'TOCSIN_DATA_DIR');
    expect((await fetch(`${http}/readyz`)).status).toBe(200);
    expect((await first.stop()).code).toBe(0);
  });

  test('a data file that is no database', async () => {
    const ground = newGround({ 'data/tocsin.duckdb': 'this is not a database, but long enough to be looked at as one'.repeat(100) });
    expectOneLine(await startServiceProcess({ ground }).exited, 'tocsin.duckdb', 'TOCSIN_DATA_DIR');
  });

  test('an address that is not ours', async () => {
    const env = { TOCSIN_HTTP_HOST: '192.0.2.1', TOCSIN_BEHIND_PROXY: 'true', TOCSIN_PUBLIC_URL: 'https://tocsin.example.com' };
    const ground = newGround({ 'tokens.yaml': `tokens: [{ name: a, role: admin, hash: 'sha256:${'ab'.repeat(32)}' }]` });
    expectOneLine(await startServiceProcess({ ground, env: { ...env, TOCSIN_TOKENS_FILE: ground.path('tokens.yaml') } }).exited, '192.0.2.1', 'TOCSIN_HTTP_HOST');
    expectOneLine(await startServiceProcess({ ground, env: { ...env, TOCSIN_HTTP_HOST: 'no-such-name.invalid', TOCSIN_TOKENS_FILE: ground.path('tokens.yaml') } }).exited, 'no-such-name.invalid', 'TOCSIN_HTTP_HOST');
  });

  test('broken rules, settings and tokens: the very list that check prints, and nothing is started', async () => {
    const ground = newGround({
      'rules/checkout.yaml': 'apiVersion: openslo/v1\nkind: SLO\nmetadata: { name: Bad Name }\nspec: { service: x, targt: 3 }\n',
      'rules/routing.yaml': 'route: { receiver: nobody-knows }\nreceivers: [{ name: people }]\n',
      'runbooks/checkout-errors.md': '---\ntitle: x\nmatch: { service: [\n---\n',
      'tokens.yaml': 'tokens: [{ name: a, role: king, hash: x }]\n',
    });
    const env = { TOCSIN_TOKENS_FILE: ground.path('tokens.yaml') };
    const served = await startServiceProcess({ ground, env }).exited;
    const checked = await runTocsin(['check'], { ground, env });
    expect(checked).toMatchObject({ code: 1, stdout: '' });
    expect(served).toMatchObject({ code: 2, stdout: '' });
    const problems = (stderr: string): string[] => stderr.split('\n').filter((line) => /^\S+:\d+:\d+: (error|warning)/.test(line));
    expect(problems(checked.stderr).length).toBeGreaterThanOrEqual(5);
    for (const file of ['rules/checkout.yaml', 'rules/routing.yaml', 'runbooks/checkout-errors.md', 'tokens.yaml']) expect(checked.stderr).toContain(file);
    expect(problems(served.stderr)).toEqual(problems(checked.stderr));
    expect(served.stderr).toContain('tocsin check');
  });

  test('a setting that does not exist or is out of range', async () => {
    const ground = newGround();
    const { code, stderr, stdout } = await startServiceProcess({ ground, env: { TOCSIN_HTTP_PORT: '99999', TOCSIN_DATADIR: 'x' } }).exited;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('TOCSIN_HTTP_PORT');
    expect(stderr).toContain('did you mean TOCSIN_DATA_DIR?');
  });
});
