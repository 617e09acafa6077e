import { expect, test } from 'vitest';
import { pagesOfTest } from '../../test/support/pages-of-test.js';
import { DAY_MS } from '../lib/duration.js';
import type { Problem } from '../lib/problem.js';

const pages = pagesOfTest();
const { get, restart } = pages;


test('every page says that the rules as they are written now are refused, and what is wrong; a warning is no news', async () => {
  const problem = (level: 'error' | 'warning', message: string): Problem => ({ at: { file: 'rules/shop.yaml', line: 12, column: 9 }, code: 'rules/unknown-key', path: 'spec.foo', message, hint: 'Leave it out.', level });
  await restart({ ruleProblems: () => [problem('warning', 'a warning'), problem('error', '"foo" is not a key of an SLO.'), problem('error', 'another')] });
  for (const url of ['/', '/incidents', '/services/checkout']) {
    const page = (await get(url)).body.replaceAll(/\s+/g, ' ');
    expect(page).toContain('the last good ones are in force.</b></p><p><code>rules/shop.yaml:12:9</code> &quot;foo&quot; is not a key of an SLO. Leave it out.</p><p class="note">1 more: <code>tocsin check</code>');
    expect(page).not.toContain('a warning');
  }
  await restart({ ruleProblems: () => [problem('warning', 'a warning')] });
  expect((await get('/')).body).not.toContain('last good ones');
});

test('traces of a search are told apart by the clock, and of another day by the date', async () => {
  const page = (await get('/traces')).body;
  expect(page).toMatch(/data-label="Started"><time datetime="2026-11-20T03:\d\d:\d\d\.\d{3}Z" title="\d+ (?:s|min) ago">03:\d\d:\d\d UTC<\/time>/);
  pages.fakes.clock.advance(DAY_MS);
  expect((await get('/traces?range=all')).body).toMatch(/data-label="Started"><time [^>]*>2026-11-20 03:\d\d:\d\d UTC<\/time>/);
});

test('the API is described for people: every route, and a line to try', async () => {
  const page = (await get('/api')).body;
  expect(page).toContain('curl -s http://127.0.0.1:4400/api/v1/slos');
  const { paths } = (await get('/api/openapi.json', { accept: 'application/json' })).json<{ paths: Record<string, Record<string, { summary: string }>> }>();
  for (const [path, methods] of Object.entries(paths)) for (const method of Object.keys(methods)) expect(page).toContain(`<b class="method">${method.toUpperCase()}</b> <code>${path}</code>`);
});
