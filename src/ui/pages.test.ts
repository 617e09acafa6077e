import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { beforeEach, describe, expect, test } from 'vitest';
import { HOSTILE_INCIDENT_ID, QUALITY_INCIDENT_ID, OPEN_INCIDENT_ID, SIGNATURE_ID, pageFakes } from '../../test/support/page-fakes.js';
import { pagesOfTest } from '../../test/support/pages-of-test.js';
import { FAILED_SPAN_ID, FAILED_TRACE_ID, HOSTILE_TRACE_ID } from '../../test/support/page-trace.js';
import { ApiError } from '../query/api-error.js';
import type { TraceRead } from '../report/trace-reads.js';
import type { UiOptions } from './ui-options.js';

const pages = pagesOfTest();
const { get, restart } = pages;
const post = (url: string, headers: Record<string, string> = {}, payload = ''): ReturnType<NestFastifyApplication['inject']> =>
  pages.app.inject({ method: 'POST', url, payload, headers: { host: 'localhost', accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded', ...headers } });

const PAGES = [
  '/', '/slos/checkout-availability', '/slos/checkout-availability?range=30d', '/slos/invoice-freshness', '/incidents', '/incidents?show=open', '/drills', '/silences', '/silences?matchers=severity%3D%22page%22&duration=2h&comment=deploy', `/incidents/${OPEN_INCIDENT_ID}`, `/incidents/${HOSTILE_INCIDENT_ID}`, `/incidents/${QUALITY_INCIDENT_ID}`,
  '/traces', '/traces?q=%7B&minDuration=x', `/traces/${FAILED_TRACE_ID}`, `/traces/${FAILED_TRACE_ID}?span=${FAILED_SPAN_ID}`, `/traces/${FAILED_TRACE_ID}/spans/${FAILED_SPAN_ID}`, `/traces/${HOSTILE_TRACE_ID}?span=0000000000000001`,
  '/map', '/map?service=checkout&range=6h', '/map?service=nobody', '/traces?survey=1', '/traces?q=%7B%20status%20%3D%20error%20%7D&from=2026-11-20T03:00:00Z&to=2026-11-20T03:05:00Z&mapFrom=2026-11-20T02:00:00Z&mapTo=2026-11-20T03:12:00Z&minDuration=100ms&survey=1', '/traces/compare', `/traces/compare?a=${FAILED_TRACE_ID}`, `/traces/compare?a=${FAILED_TRACE_ID}&b=${HOSTILE_TRACE_ID}`, `/traces/compare?id=${HOSTILE_TRACE_ID}&id=${FAILED_TRACE_ID}`, '/traces/cohorts', '/traces/cohorts?select=%7B%20status%20%3D%20error%20%7D', '/traces/cohorts?select=%7B',
  '/services', '/services/checkout', '/api', '/ingest', '/quality', '/quality?week=2026-W47', '/quality/file', '/quality/month', '/quality/quarter?period=2026-Q3', '/login', '/signatures', `/signatures/${SIGNATURE_ID}`, '/signatures/v2:0000000000000002',
];

describe('every page', () => {
  test.each(PAGES)('%s is HTML with nothing executable and nothing foreign', async (url) => {
    const response = await get(url);
    expect(pages.fakes.failures).toEqual([]);
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(response.headers['content-security-policy']).toContain("script-src 'self'");
    expect(response.headers['x-content-type-options']).toBe('nosniff');
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.body).not.toMatch(/<script(?! defer src="\/assets\/)|<img|<iframe|\son\w+\s*=\s*["']|style\s*=\s*"|https?:\/\/(?!127\.0\.0\.1|status\.bank\.example)/i.exec(withoutText(response.body))?.[0] ?? '<never>');
    expect(response.body).not.toMatch(/undefined|\[object Object\]|NaN/);
  });

  test('a survey that there is no memory for is said beside the traces, which were found', async () => {
    const readers = { ...pages.fakes.options.readers, surveys: { ...pages.fakes.options.readers.surveys, breakdown: () => Promise.reject(new ApiError('traceql/too-much', 'this query needs more memory', { hint: 'Ask for a shorter time.' })) } };
    await restart({ readers });
    const { body, statusCode } = await get('/traces?survey=1');
    expect([statusCode, body.includes('are not shown: this query needs more memory. Ask for a shorter time.'), body.includes('Compare two traces')]).toEqual([200, true, true]);
  });

  test('a span links to what other tools know of it, where they can', async () => {
    const { body } = await get(`/traces/${FAILED_TRACE_ID}/spans/${FAILED_SPAN_ID}`);
    expect(body).toContain(`href="https://status.bank.example/logs?q=${FAILED_TRACE_ID}" target="_blank" rel="noreferrer">Logs`);
    expect(body).not.toContain('Pod ↗');
  });

  test('a span of a trace that is drawn as it was sent leads back to it so', async () => {
    for (const path of [`${FAILED_TRACE_ID}/spans/${FAILED_SPAN_ID}?clocks=sent`, `${FAILED_TRACE_ID}?clocks=sent&span=${FAILED_SPAN_ID}`]) {
      const { body } = await get(`/traces/${path}`);
      expect(body).toContain(`href="/traces/${FAILED_TRACE_ID}?clocks=sent" data-close`);
      expect(body).toContain('href="?clocks=sent&amp;span=');
      expect(body).not.toContain('href="?span=');
    }
  });

  test('an incident shows how good its traces were when it opened, and one about the traces its cause, fix and traces', async () => {
  const page = (await get(`/incidents/${OPEN_INCIDENT_ID}`)).body;
  expect(page).toContain('How good its traces were');
  expect(page).toMatch(/checkout<\/td><td class="num" data-label="Spans">41,200<\/td><td class="num" data-label="Stored">100 %<\/td><td class="num" data-label="Partial traces">1\.2 %/);
  expect(page).not.toContain('No span ended');
  const young = (await get(`/incidents/${HOSTILE_INCIDENT_ID}`)).body;
  expect(young).toContain('No span ended from 03:07:20 UTC to 03:12:20 UTC, the minutes that were looked at when this opened.');
  expect(young).not.toContain('Partial traces');
  const broken = (await get(`/incidents/${QUALITY_INCIDENT_ID}`)).body;
  expect(broken).toContain('Context broken since 02:24 UTC at gateway → cart');
  expect(broken).toContain('OTEL_PROPAGATORS=tracecontext,baggage');
  expect(broken).toContain(`/traces/${FAILED_TRACE_ID}?span=${FAILED_SPAN_ID}`);
});

test('the report shows alerts, SLOs, new errors, slow operations, readers and costs', async () => {
  const page = (await get('/quality')).body;
  for (const words of ['Pages nobody acted on', 'Checkout works', 'PaymentDeclined', 'POST /charge', 'no known token, from 10.1.2.3', 'Cost of a month', 'Score by week', 'front-latency paged 4 times, and nobody did anything', 'Traces were refused 48 times', 'Searching traces takes 2.3 s (p95)']) expect(page).toContain(words);
});

test('audits say what a month cost and how much of the system a quarter saw, and know their own period only', async () => {
  expect((await get('/quality/month')).body).toContain('106,000 spans, 18 % more than in the month before. They cost 0.16; at this growth the next month costs 0.19.');
  expect((await get('/quality/quarter?period=2026-Q2')).body).toContain('Instrumentation coverage, 2026-Q2');
  expect((await get('/api/v1/quality/month?period=2026-10', { accept: 'application/json' })).json()).toMatchObject({ kind: 'month', period: '2026-10', from: '2026-10-01T00:00:00.000Z', to: '2026-11-01T00:00:00.000Z', month: { keepsRetention: true } });
  expect((await get('/api/v1/quality/quarter?period=2026-10', { accept: 'application/json' })).statusCode).toBe(400);
});

test('an SLO shows who burned its budget, as parts of the budget that add up to what was burned', async () => {
  const page = (await get('/slos/checkout-availability')).body;
  const [, whole = '', sentence = ''] = /<h2 id="ledger">Who burned it<\/h2>\s*<p class="suspect">Of ([\d.]+) % of the budget burned in this range: ([^<]*)<\/p>/.exec(page) ?? [];
  expect(sentence).toBe('payment 2.3 POST /charge burned 81 % of it.');
  const table = /<table class="stack ledger">.*?<\/table>/s.exec(page)?.[0] ?? '';
  const rows = [...table.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) => row.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ').trim());
  expect(rows).toHaveLength(3);
  expect(rows.slice(1).map((row) => /^\w+/.exec(row)?.[0])).toEqual(['payment', 'stock']);
  const parts = rows.slice(1).map((row) => row.match(/[\d.]+ %/g)!.map(Number.parseFloat));
  expect(parts.map(([share]) => share)).toEqual([80.8, 19.2]);
  expect(parts.reduce((sum, [, budget = 0]) => sum + budget, 0)).toBeCloseTo(Number(whole), 0);
});

test('an incident shows since when, what was changed, the patterns that explain it before those that do not, and what was frozen with it', async () => {
  const page = (await get(`/incidents/${OPEN_INCIDENT_ID}`)).body;
  expect(page).toMatch(/<b>Began<\/b> between \d\d:\d\d and \d\d:\d\d UTC, when bad requests rose from 0\.1 % to 34 %/);
  expect(page).toContain('<b>Changed</b> payment 2.3 deployed 4 min before it began: new bank client (by ci). 2.3 against 2.2: payment POST /charge fails more often (82 % against 0.1 %).');
  expect(page).toMatch(/Failing third party<\/b>: Calls from payment[^]*41 of 57, 1 of 60 healthy[^]*<summary>1 more that explains little here<\/summary>[^]*N\+1 calls<\/b>/);
  expect(page).toContain('Bad requests by minute');
  expect(page).toMatch(/payment<\/td><td data-label="To">pay\.example\.com<\/td><td class="num" data-label="Calls">412<\/td><td class="num" data-label="Failed">29\.1 %/);
  const { body } = await get(`/api/v1/incidents/${OPEN_INCIDENT_ID}/postmortem`);
  expect(body).toContain('- Failing third party: Calls from payment');
  expect(body).toContain('payment 2.3 deployed 4 min before it began: new bank client (by ci)');
  expect(body).toContain('| payment | pay.example.com | 412 | 29.1 % | 64 ms |');
});

test('an incident shows which operations and resources explain it, and nothing of the kind where none does', async () => {
  const page = (await get(`/incidents/${OPEN_INCIDENT_ID}`)).body;
  expect(page).toMatch(/<summary>Operations and resources by how much they explain<\/summary>[^]*<b>payment POST \/charge<\/b>[^]*<b>k8s\.pod\.name=payment-7f<\/b> <span class="note">41 of 41 affected requests/);
  expect((await get(`/incidents/${QUALITY_INCIDENT_ID}`)).body).not.toContain('by how much they explain');
});

test('an SLO shows to whom its bad events are charged, and the shares add up to the budget', async () => {
  const page = (await get('/slos/checkout-availability')).body;
  const [, burned = ''] = /Of ([\d.]+) % of the budget burned in this range: payment 2\.3 POST \/charge burned 81 % of it/.exec(page) ?? [];
  const parts = [...page.matchAll(/data-label="Of the whole budget">([\d.]+) %/g)].map(([, part]) => Number(part));
  expect(parts).toHaveLength(2);
  expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(Number(burned), 0);
  expect(page).toContain('120 of 412 bad events that are stored');
});

test('beside an SLO stands how much of the traffic it was computed from', async () => {
  expect((await get('/')).body).toContain('on 71 % of the traffic');
  expect((await get('/slos/front-latency')).body).toContain('This SLI stands on 71 % of the traffic: 80 % of its events were received');
});

test('is found by its links: none of them is dead', async () => {
    const links = new Set<string>();
    for (const url of PAGES) for (const [, href = ''] of (await get(url)).body.matchAll(/ (?:href|src|action)="(\/[^"]*)"/g)) links.add(href.replaceAll('&amp;', '&'));
    const dead: string[] = [];
    for (const link of links) {
      if (/\/(acknowledge|resolve|silence|logout|retry|expire|ignore|merge|notes)$/.test(link)) continue;
      // One cell of a heatmap stands for hundreds.
      if (link.includes('minDuration=') && link.includes('mapFrom=') && !link.includes('minDuration=8.388608ms')) continue;
      const { statusCode } = await get(link);
      if (statusCode !== 200) dead.push(`${link} ${statusCode}`);
    }
    // Traces of past incidents have left the store, and the fake search names some that never were.
    expect(dead.filter((line) => !/^\/traces\/(compare\?a=\w+&b=\w+|a{32}|b{32}|c{32}|d{32}|5+[0-9a-f]+)(\?|\s)/.test(line) && !line.includes('window.hacked'))).toEqual([]);
    expect(links.size).toBeGreaterThan(40);
  });
});

/** Markup only: text between tags may say anything. */
function withoutText(html: string): string {
  return [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replace(/"[^"]*"/g, (value) => (value.includes('&') ? '""' : value))).join('\n');
}

describe('an error signature', () => {
  test('is decided about by a person, on its page and by the API', async () => {
    expect((await post(`/signatures/${SIGNATURE_ID}/resolve`, { origin: 'http://localhost', 'sec-fetch-site': 'same-origin' })).headers.location).toBe('/signatures/v2%3A8c74cab387668df2');
    const merged = await pages.app.inject({ method: 'POST', url: `/api/v1/signatures/${SIGNATURE_ID}/merge`, headers: { host: 'localhost' }, payload: { into: 'v2:0000000000000001' } });
    expect(merged.statusCode).toBe(200);
    expect((await pages.app.inject({ method: 'POST', url: `/api/v1/signatures/${SIGNATURE_ID}/merge`, headers: { host: 'localhost' }, payload: { into: 'v2:none' } })).statusCode).toBe(404);
    expect((await pages.app.inject({ method: 'POST', url: `/api/v1/signatures/${SIGNATURE_ID}/explode`, headers: { host: 'localhost' } })).statusCode).toBe(404);
    expect(pages.fakes.asked).toEqual([`resolved ${SIGNATURE_ID} local`, `merge ${SIGNATURE_ID} v2:0000000000000001 local`, `merge ${SIGNATURE_ID} v2:none local`]);
  });

  test('shows what was merged into it, and its rate since it began', async () => {
    const { merged, perHour, failures, total } = (await get(`/api/v1/signatures/${SIGNATURE_ID}`)).json<{ merged: readonly { id: string }[]; perHour: number; failures: number; total: number }>();
    expect(merged.map(({ id }) => id)).toEqual(['v2:0000000000000003']);
    expect(total).toBe(2 * 143);
    // It began eight minutes ago.
    expect(perHour).toBeCloseTo(failures / (8 / 60));
    expect((await get(`/signatures/${SIGNATURE_ID}`)).payload).toMatch(/Counts <a href="\/signatures\/v2%3A0000000000000003">.*as well: merged by/);
  });

  test('is not denied before what failed just now was read', async () => {
    const { options } = pageFakes();
    const signatures = { ...options.readers.signatures, all: () => [] };
    await restart({ readers: { ...options.readers, signatures } });
    const page = (await get('/signatures')).payload;
    expect(page).toContain('No failed request was read in the last 1d');
    expect(page).toContain('so far up to <time datetime="2026-11-20T03:12:05.000Z">');
    expect((await get('/api/v1/signatures')).json()).toMatchObject({ readTo: '2026-11-20T03:12:05.000Z', signatures: [] });
  });

  test('explains each replacement', async () => {
    const { example, mergeCandidates } = (await get(`/api/v1/signatures/${SIGNATURE_ID}`)).json<{ example: unknown; mergeCandidates: unknown }>();
    expect(example).toEqual({ text: 'card 4111 declined', replacements: [{ value: '4111', by: '<number>' }], frames: [{ text: 'query (client.js)', own: false }, { text: 'charge (payment.js)', own: true }] });
    expect(mergeCandidates).toEqual([{ id: 'v2:0000000000000001', message: 'card <int> expired', operation: 'POST /charge' }]);
  });
});

describe('what is not there', () => {
  test.each([
    ['/nowhere', 404, 'request/not-found'], ['/slos/none', 404, 'slo/not-found'], ['/incidents/none', 404, 'incident/not-found'], [`/traces/${'9'.repeat(32)}`, 404, 'trace/not-found'], ['/traces/xyz', 400, 'trace/invalid-id'],
    [`/traces/${FAILED_TRACE_ID}/spans/ffffffffffffffff`, 404, 'span/not-found'], ['/services/none', 404, 'service/not-found'], ['/signatures/none', 404, 'signature/not-found'], ['/services?range=5', 400, 'request/invalid'], ['/services?range=91d', 400, 'request/invalid'], ['/slos/front-latency?from=yesterday', 400, 'request/invalid'],
  ])('%s is a page of its own with a way on, status %i and code %s', async (url, status, code) => {
    const response = await get(url);
    expect(response.statusCode).toBe(status);
    expect(response.body).toContain(code);
    expect(response.body).toContain('href="/traces"');
    expect(response.headers['content-security-policy']).toBeDefined();
  });

  test.each(['application/x-protobuf', 'application/json'])('spans that are sent here as %s are told where to go', async (type) => {
    const response = await pages.app.inject({ method: 'POST', url: '/v1/traces', headers: { 'content-type': type }, payload: type === 'application/json' ? '{}' : Buffer.from([10, 0]) });
    expect([response.statusCode, response.json()]).toMatchObject([404, { code: 'request/not-found', hint: expect.stringContaining(pages.fakes.options.otlp.httpUrl) as string }]);
  });

  test('an error of ours is reported, and tells a visitor nothing of its inside', async () => {
    const broken = pageFakes();
    await restart({ readers: { ...broken.options.readers, services: { ...broken.options.readers.services, services: () => Promise.reject(new Error('secret inside')) } } });
    for (const accept of ['text/html', 'application/json']) {
      const response = await get('/services', { accept });
      expect(response.statusCode).toBe(500);
      expect(response.body).not.toContain('secret');
    }
    expect(pages.fakes.failures).toHaveLength(2);
    expect(pages.fakes.failures[0]).toContain('secret inside');
  });
});

test('the postmortem of an incident is drafted as Markdown', async () => {
  const draft = await get(`/api/v1/incidents/${OPEN_INCIDENT_ID}/postmortem`);
  expect([draft.statusCode, draft.headers['content-type']]).toEqual([200, 'text/markdown; charset=utf-8']);
  expect(draft.body).toMatch(/^# Postmortem: /);
  expect(draft.body).toContain(`(http://127.0.0.1:4400/incidents/${OPEN_INCIDENT_ID})`);
  expect(draft.body).toMatch(/\| bad events \|/);
  expect((await get('/api/v1/incidents/inc-none/postmortem')).statusCode).toBe(404);
});

describe('silences', () => {
  test('are previewed before they are made, and then made', async () => {
    const preview = await get('/silences?matchers=slo%3D%22checkout-availability%22&duration=2h&comment=deploy&from=10:00&to=09:00&weekdays=sunday');
    expect(preview.body).toMatch(/holds back <b>1<\/b> of \d+ alerts that fire now/);
    expect(preview.body).toContain('once its times come');
    expect(pages.fakes.asked).toEqual([]);
    const made = await post('/silences', {}, 'matchers=slo%3D%22checkout-availability%22&duration=2h&comment=deploy');
    expect([made.statusCode, made.headers.location]).toEqual([303, '/silences']);
    expect(pages.fakes.asked).toEqual(['silence {slo="checkout-availability"} deploy local']);
  });

  test.each([
    ['matchers=alertname%3D~%22.*%22', 'match'], ['matchers=slo', 'matchers'], ['matchers=a%3Db&duration=long', 'duration'], ['matchers=a%3Db&from=22:00', 'both ends'],
    ['matchers=a%3Db&weekdays=someday', 'recurring'], ['matchers=a%3Db&from=02:00&to=04:00&location=Nowhere', 'time zone'],
  ])('%s is refused with the reason, and typed text stays', async (fields, reason) => {
    for (const answer of [await get(`/silences?${fields}&comment=kept`), await post('/silences', {}, `${fields}&comment=kept`)]) {
      expect(answer.body).toMatch(new RegExp(`Not possible: [^<]*${reason}`));
      expect(answer.body).toContain('value="kept"');
    }
    expect(pages.fakes.asked).toEqual([]);
  });

  test('end by a button; one that is not there is an error', async () => {
    expect((await post('/silences/sil-1/expire')).headers.location).toBe('/silences');
    expect((await post('/silences/sil-none/expire')).statusCode).toBe(404);
    expect(pages.fakes.asked).toEqual(['expire sil-1', 'expire sil-none']);
  });
});

describe('a change', () => {
  const url = `/incidents/${OPEN_INCIDENT_ID}/acknowledge`;

  test('an incident is merged into another, and leads there', async () => {
    const headers = { origin: 'http://localhost', 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' };
    const response = await pages.app.inject({ method: 'POST', url: `/incidents/${OPEN_INCIDENT_ID}/merge`, headers, payload: `into=${OPEN_INCIDENT_ID}` });
    expect(response.statusCode).toBe(303);
    expect(pages.fakes.asked).toEqual([`merge ${OPEN_INCIDENT_ID} ${OPEN_INCIDENT_ID} local`]);
  });

  test('asked for on our page is done and leads back to it', async () => {
    const response = await post(url, { origin: 'http://localhost', 'sec-fetch-site': 'same-origin' });
    expect(response.statusCode).toBe(303);
    expect(response.headers.location).toBe(`/incidents/${OPEN_INCIDENT_ID}`);
    expect(pages.fakes.asked).toEqual([`acknowledge ${OPEN_INCIDENT_ID} local`]);
  });

  test('a message that was given up is sent again from its button, unless later news arrived', async () => {
    const own = { origin: 'http://localhost', 'sec-fetch-site': 'same-origin' };
    expect(await post('/dead-letters/dlv-dead/retry', own)).toMatchObject({ statusCode: 303, headers: { location: '/incidents' } });
    expect((await post('/dead-letters/dlv-old/retry', own)).statusCode).toBe(409);
    const json = { accept: 'application/json', 'content-type': 'application/json' };
    expect((await get('/api/v1/dead-letters', json)).json()).toMatchObject({ deadLetters: [{ id: 'dlv-dead', receiver: 'shop', integration: 'slack[0]', news: 'opened', attempts: 3, overtaken: false, retryable: true }, { id: 'dlv-old', retryable: false }] });
    expect(await pages.app.inject({ method: 'POST', url: '/api/v1/dead-letters/dlv-dead/retry', headers: { host: 'localhost' } })).toMatchObject({ statusCode: 202 });
    const refused = await pages.app.inject({ method: 'POST', url: '/api/v1/dead-letters/nobody/retry', headers: { host: 'localhost' } });
    expect([refused.statusCode, refused.json()]).toMatchObject([404, { code: 'delivery/not-found', detail: 'no message "nobody" was given up' }]);
    expect(pages.fakes.asked).toEqual(['retry dlv-dead', 'retry dlv-old', 'retry dlv-dead', 'retry nobody']);
  });

  test('a note is written below the timeline, and shown there as it was written', async () => {
    const made = await post(`/incidents/${OPEN_INCIDENT_ID}/notes`, {}, 'text=rolled+back%0Ato+4.1');
    expect([made.statusCode, made.headers.location]).toEqual([303, `/incidents/${OPEN_INCIDENT_ID}#timeline`]);
    expect((await post(`/incidents/${OPEN_INCIDENT_ID}/notes`, {}, 'text=+')).statusCode).toBe(400);
    expect(pages.fakes.asked).toEqual([`note ${OPEN_INCIDENT_ID} local rolled back\nto 4.1`]);
    expect((await get('/incidents')).body).toContain('began to fire 2 of 3 times within 10 min (threshold &quot;flaky-disks&quot;)');
  });

  test('a drill is begun from its button, or by the API', async () => {
    expect(await post('/drills', {}, 'receiver=on-call')).toMatchObject({ statusCode: 303, headers: { location: '/drills' } });
    expect((await post('/drills', {}, 'receiver=shop')).statusCode).toBe(409);
    expect((await post('/drills', {}, '')).statusCode).toBe(400);
    expect((await get('/api/v1/drills', { accept: 'application/json' })).json()).toMatchObject({ drills: [{ receiver: 'on-call', deliveredWithinSeconds: 30, target: 0.95, windowDays: 30, sli: 1, last: { outcome: 'in-time', seconds: 0.8 } }, { receiver: 'shop', budgetRemaining: 0, last: { outcome: 'failed', seconds: null } }, { receiver: 'second-line', sli: null, last: null }] });
    const start = (payload?: object): ReturnType<typeof pages.app.inject> => pages.app.inject({ method: 'POST', url: '/api/v1/drills', headers: { host: 'localhost' }, ...(payload === undefined ? {} : { payload }) });
    expect((await start()).json()).toMatchObject({ drills: [{ outcome: 'waiting', settled: true }] });
    expect([await start({ receivers: ['nobody'] }), await start({ receiver: 'on-call' })].map(({ statusCode }) => statusCode)).toEqual([404, 400]);
    expect(pages.fakes.asked).toEqual(['drill on-call local', 'drill shop local', 'drill all local', 'drill nobody local']);
  });

  test('asked for by another site is refused', async () => {
    const response = await post(url, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' });
    expect(response.statusCode).toBe(403);
    expect(response.body).toContain('request/foreign-origin');
    expect(pages.fakes.asked).toEqual([]);
  });

  test('of an incident that is not there is refused', async () => {
    expect((await post('/incidents/none/resolve')).statusCode).toBe(404);
    expect(pages.fakes.asked).toEqual([]);
  });
});

test('a foreign name in Host gets no page and no data', async () => {
  for (const url of ['/', '/api/v1/slos', '/assets/page.js']) expect((await get(url, { host: 'evil.example:4400' })).statusCode).toBe(421);
});

describe('with tokens', () => {
  let reads: TraceRead[] = [];
  const access: UiOptions['access'] = {
    tokensRequired: true,
    authorize: (token, role) => {
      if (token === undefined) return { allowed: false, reason: 'missing' };
      if (!['reads', 'responds'].includes(token)) return { allowed: false, reason: 'unknown' };
      return token === 'reads' && role !== 'viewer' ? { allowed: false, reason: 'role' } : { allowed: true, actor: token };
    },
  };
  beforeEach(async () => {
    reads = [];
    await restart({ access, traceRead: (read) => void reads.push(read) });
  });

  test('every answer is told to the record of who reads traces', async () => {
    await get(`/traces/${FAILED_TRACE_ID}`, { authorization: 'Bearer reads' });
    await get('/api/v1/traces?q=%7B%7D', { accept: 'application/json' });
    expect(reads).toMatchObject([{ path: `/traces/${FAILED_TRACE_ID}`, status: 200, actor: 'reads', from: '127.0.0.1' }, { path: '/api/v1/traces', status: 401, actor: undefined }]);
    expect(reads[0]?.elapsedMs).toBeGreaterThan(0);
  });

  test('a visitor without one is sent to log in, a program is told', async () => {
    const page = await get('/incidents?show=open');
    expect([page.statusCode, page.headers.location]).toEqual([303, '/login?next=%2Fincidents%3Fshow%3Dopen']);
    const api = await get('/api/v1/slos', { accept: 'application/json' });
    expect([api.statusCode, api.json().code]).toEqual([401, 'access/token-missing']);
    expect((await get('/assets/tocsin.css')).statusCode).toBe(200);
  });

  test('a link from another site is opened once more from our own, because the cookie stays at home', async () => {
    const response = await get('/incidents', { 'sec-fetch-site': 'cross-site' });
    expect(response.body).toContain('content="0; url=/incidents"');
    expect((await get('//evil.example/x', { 'sec-fetch-site': 'cross-site' })).body).not.toContain('url=//evil');
  });

  test('the right one is kept in a cookie that opens the page; a wrong one is not', async () => {
    expect((await post('/login', {}, 'token=wrong&next=/')).statusCode).toBe(401);
    const response = await post('/login', {}, 'token=reads&next=//evil.example');
    expect([response.statusCode, response.headers.location]).toEqual([303, '/']);
    const cookie = String(response.headers['set-cookie']);
    expect(cookie).toContain('HttpOnly; SameSite=Strict');
    expect((await get('/', { cookie: cookie.split(';')[0] ?? '' })).statusCode).toBe(200);
  });

  test('a viewer cannot change, a responder can and is named', async () => {
    expect((await post(`/incidents/${OPEN_INCIDENT_ID}/resolve`, { authorization: 'Bearer reads' })).statusCode).toBe(403);
    expect((await post(`/incidents/${OPEN_INCIDENT_ID}/resolve`, { authorization: 'Bearer responds' })).statusCode).toBe(303);
    expect(pages.fakes.asked).toEqual([`resolve ${OPEN_INCIDENT_ID} responds`]);
  });
});

describe('assets', () => {
  test('are kept for ever under their version and checked again without it', async () => {
    const [, url = ''] = /href="(\/assets\/tocsin\.css\?v=[0-9a-f]{12})"/.exec((await get('/')).body) ?? [];
    expect((await get(url)).headers['cache-control']).toContain('immutable');
    expect((await get('/assets/tocsin.css')).headers['cache-control']).toBe('public, max-age=60');
    expect((await get('/assets/tocsin.css?v=000000000000')).headers['cache-control']).not.toContain('immutable');
    expect((await get('/favicon.ico')).headers['content-type']).toBe('image/svg+xml');
  });

  test.each(['/assets/..%2fui.module.ts', '/assets/nothing.js', '/assets/__proto__'])('%s is no way into the files', async (url) => {
    expect((await get(url)).statusCode).toBe(404);
  });
});
