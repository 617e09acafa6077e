import { expect, test } from 'vitest';
import { createTestApp } from '../../test/support/page-app.js';
import { pageFakes } from '../../test/support/page-fakes.js';
import type { TrackedSignature } from '../signature/tracked-signature.js';

const ID = 'v2:0000000000000001';

async function pageOf(changes: Partial<TrackedSignature>): Promise<string> {
  const { options } = pageFakes();
  const { signatures } = options.readers;
  const app = await createTestApp({ ...options, readers: { ...options.readers, signatures: { ...signatures, byId: (id) => ({ ...signatures.byId(id)!, ...changes }) } } });
  const { payload } = await app.inject({ url: `/signatures/${ID}`, headers: { host: 'localhost', accept: 'text/html' } });
  await app.close();
  return payload;
}

test('the page says whom an error hits, most first, in shares of all its failures, also of those without a tenant', async () => {
  const row = (name: string, count: number, share: number): string => `<tr><td class="name">${name}</td><td class="num">${count}</td><td class="num">${share} %</td></tr>`;
  expect(await pageOf({ total: 400, versions: {}, tenants: { 7: 20, acme: 100 } })).toContain(row('acme', 100, 25) + row('7', 20, 5));
});

test.each<[string, Partial<TrackedSignature>, readonly string[]]>([
  ['goes on', {}, ['Resolve', 'Ignore']], ['is ignored', { decision: { kind: 'ignored', by: 'ann', atMs: 1 } }, ['Reopen']], ['was merged', { decision: { kind: 'merged', by: 'ann', atMs: 1, into: 'v2:1' } }, ['Reopen']],
  ['has a newer name', { laterIds: ['v3:1'] }, []],
])('an error that %s has the buttons that do something', async (_name, changes, buttons) => {
  const page = await pageOf(changes);
  expect(['Resolve', 'Ignore', 'Reopen'].filter((name) => new RegExp(`<button[^>]*>${name}</button>`).test(page))).toEqual(buttons);
});
