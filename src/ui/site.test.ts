import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestApp } from '../../test/support/page-app.js';
import { pageFakes, type PageFakes } from '../../test/support/page-fakes.js';
import { DAY_MS } from '../lib/duration.js';
import type { Problem } from '../lib/problem.js';
import type { UiOptions } from './ui-options.js';

let fakes: PageFakes;
let app: NestFastifyApplication;
const start = async (changes: Partial<UiOptions> = {}): Promise<void> => {
  fakes = pageFakes(changes);
  app = await createTestApp(fakes.options);
};
const get = (url: string, headers: Record<string, string> = {}): ReturnType<NestFastifyApplication['inject']> => app.inject({ url, headers: { host: 'localhost', accept: 'text/html', ...headers } });

beforeEach(() => start());
afterEach(() => app.close());

test('every page says that the rules as they are written now are refused, and what is wrong; a warning is no news', async () => {
  const problem = (level: 'error' | 'warning', message: string): Problem => ({ at: { file: 'rules/shop.yaml', line: 12, column: 9 }, code: 'rules/unknown-key', path: 'spec.foo', message, hint: 'Leave it out.', level });
  await app.close();
  await start({ ruleProblems: () => [problem('warning', 'a warning'), problem('error', '"foo" is not a key of an SLO.'), problem('error', 'another')] });
  for (const url of ['/', '/incidents', '/services/checkout']) {
    const page = (await get(url)).body.replaceAll(/\s+/g, ' ');
    expect(page).toContain('the last good ones are in force.</b></p><p><code>rules/shop.yaml:12:9</code> &quot;foo&quot; is not a key of an SLO. Leave it out.</p><p class="note">1 more: <code>tocsin check</code>');
    expect(page).not.toContain('a warning');
  }
  await app.close();
  await start({ ruleProblems: () => [problem('warning', 'a warning')] });
  expect((await get('/')).body).not.toContain('last good ones');
});

test('traces of a search are told apart by the clock, and of another day by the date', async () => {
  const page = (await get('/traces')).body;
  expect(page).toMatch(/data-label="Started"><time datetime="2026-11-20T03:\d\d:\d\d\.\d{3}Z" title="\d+ (?:s|min) ago">03:\d\d:\d\d UTC<\/time>/);
  fakes.clock.advance(DAY_MS);
  expect((await get('/traces?range=all')).body).toMatch(/data-label="Started"><time [^>]*>2026-11-20 03:\d\d:\d\d UTC<\/time>/);
});

test('the API is described for people: every route, and a line to try', async () => {
  const page = (await get('/api')).body;
  expect(page).toContain('curl -s http://127.0.0.1:4400/api/v1/slos');
  const { paths } = (await get('/api/openapi.json', { accept: 'application/json' })).json<{ paths: Record<string, Record<string, { summary: string }>> }>();
  for (const [path, methods] of Object.entries(paths)) for (const method of Object.keys(methods)) expect(page).toContain(`<b class="method">${method.toUpperCase()}</b> <code>${path}</code>`);
});
