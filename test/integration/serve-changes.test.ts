import { afterAll, expect, test, vi } from 'vitest';
import { disposeServices, newGround, startServiceProcess } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 60_000 });

test('what a pipeline says it did is listed, kept over a restart, and refused where it is wrong', async () => {
  const ground = newGround();
  const service = startServiceProcess({ ground });
  const { http } = await service.ready;
  const post = (body: unknown): Promise<Response> => fetch(`${http}/api/v1/changes`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const posted = await post({ kind: 'deployment', service: 'payment', version: 'v2.3', title: 'new bank client', by: 'ci', id: 'run/42', url: 'https://ci.example.com/run/42' });
  expect([posted.status, await posted.json()]).toMatchObject([201, { id: 'run/42', kind: 'deployment', version: 'v2.3' }]);
  expect((await post({ title: 'a remark' })).status).toBe(201);
  expect((await post({ id: 'run/42', kind: 'deployment', title: 'the same step again' })).status).toBe(201);

  const wrong = await post({ kind: 'deploy', title: '', url: 'javascript:alert(1)', extra: 1 });
  expect(wrong.status).toBe(400);
  expect(JSON.stringify(await wrong.json())).toMatch(/kind.*title.*url|url.*begins with http/s);
  expect((await service.stop()).code).toBe(0);

  const again = startServiceProcess({ ground });
  const { changes } = (await (await fetch(`${(await again.ready).http}/api/v1/changes?range=1h`)).json()) as { readonly changes: readonly { readonly title: string; readonly by: string }[] };
  expect(changes.map(({ title }) => title).sort()).toEqual(['a remark', 'the same step again']);
  const page = await (await fetch(`${(await again.ready).http}/slos/checkout-availability`)).text();
  expect(page).toContain('a remark');
  expect((await again.stop()).code).toBe(0);
});
