import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadSettings } from './fs-settings.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tocsin-settings-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('reads the file that TOCSIN_CONFIG_FILE names, and the secrets that it names', async () => {
  await writeFile(join(directory, 'token'), 'xoxb-1\n');
  await writeFile(join(directory, 'own.yaml'), `http: { port: 0 }\nslack: { tokenFile: '${join(directory, 'token')}' }\n`);
  const { settings, problems } = await loadSettings({ TOCSIN_CONFIG_FILE: join(directory, 'own.yaml') });
  expect(problems).toEqual([]);
  expect([settings?.http.port, settings?.slack.token]).toEqual([0, 'xoxb-1']);
});

test('a named file that is not there is an error, not a default', async () => {
  const { settings, problems } = await loadSettings({ TOCSIN_CONFIG_FILE: join(directory, 'gone.yaml') });
  expect([settings, problems.map(({ code }) => code)]).toEqual([undefined, ['files/unreadable']]);
});

test('tokens and certificates are looked for at once, not at the first connection', async () => {
  const { settings, problems } = await loadSettings({ TOCSIN_TOKENS_FILE: join(directory, 'tokens'), TOCSIN_TLS_CERT_FILE: join(directory, 'c'), TOCSIN_TLS_KEY_FILE: join(directory, 'k') });
  expect([settings, problems.map(({ path }) => path)]).toEqual([undefined, ['access.tokensFile', 'access.tls.certFile', 'access.tls.keyFile']]);
});

test('bytes that are not text are refused', async () => {
  await writeFile(join(directory, 'own.yaml'), Buffer.from([0x68, 0x3a, 0x20, 0xff, 0xfe]));
  expect((await loadSettings({ TOCSIN_CONFIG_FILE: join(directory, 'own.yaml') })).problems.map(({ code }) => code)).toEqual(['files/not-text']);
});
