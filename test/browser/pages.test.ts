import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createTestApp, listen } from '../support/page-app.js';
import { HOSTILE_INCIDENT_ID, OPEN_INCIDENT_ID, SIGNATURE_ID, pageFakes, type PageFakes } from '../support/page-fakes.js';
import { FAILED_SPAN_ID, FAILED_TRACE_ID, HOSTILE_TRACE_ID, LARGE_TRACE_ID, LARGE_TRACE_SPANS } from '../support/page-trace.js';
import { requireOrSkip } from '../support/require.js';
import { launchChromium } from './chromium.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const hasChromium = requireOrSkip('chromium', 'apt-get install chromium');
/** Set TOCSIN_PAGE_SHOTS to a folder to have pictures and look at them. Nothing else does, and drawing them is half the time of this file. */
const shots = process.env['TOCSIN_PAGE_SHOTS'];

const PAGES: readonly (readonly [name: string, path: string, heading: string, texts: readonly string[]])[] = [
  ['overview', '/', 'Overview', ['Checkout works', 'burning 21x', '71 %', 'No data']],
  ['slo', '/slos/checkout-availability', 'Checkout works', ['Error budget left over 30d', 'Burn rate by window', '57 of 2,714 failed: evidence', 'rules/shop.yaml:3', 'Earlier definitions', '0badcafe']],
  ['slo-no-data', '/slos/invoice-freshness?range=7d', 'Invoices go out', ['No events in this range.']],
  ['incidents', '/incidents', 'Incidents', ['Checkout works', 'Resolved', 'marta has it', 'Could not be delivered', 'later news arrived']],
  ['drills', '/drills', 'Drills', ['it arrived after 0.8 s', 'Drill now', '38 of 40']],
  ['silences', '/silences', 'Silences', ['Between its times', 'End now']],
  ['incident', `/incidents/${OPEN_INCIDENT_ID}`, 'Checkout works', ['Most common failure: 41 of 57', 'card <uuid> declined', 'Failures start in payment', 'kubectl rollout undo', 'Healthy twin']],
  ['incident-hostile', `/incidents/${HOSTILE_INCIDENT_ID}`, '<script>', ['<img src=x']],
  ['traces', '/traces', 'Traces', ['POST /checkout', '812 ms', 'no root']],
  ['traces-wrong', '/traces?q=%7B+duration+%3E+%7D', 'Traces', ['column']],
  ['traces-survey', '/traces?survey=1', 'Traces', ['Requests by duration', 'a sample of 50,000 of 120,000 spans', '80,412']],
  ['compare', `/traces/compare?a=${FAILED_TRACE_ID}&b=${HOSTILE_TRACE_ID}`, 'Compare two traces', ['Place by place', 'only in the second']],
  ['cohorts', '/traces/cohorts', 'Compare a selection', ['What is different']],
  ['map', '/map', 'Service map', ['edges fail', 'checkout', 'bank-gateway.example']],
  ['trace', `/traces/${FAILED_TRACE_ID}`, 'POST /checkout', ['POST /charge', '17 spans', 'PaymentDeclined: card', 'Critical path', 'began here']],
  ['trace-span', `/traces/${FAILED_TRACE_ID}?span=${FAILED_SPAN_ID}`, 'POST /checkout', ['payment.provider', '9223372036854775807', 'exception.stacktrace']],
  ['trace-hostile', `/traces/${HOSTILE_TRACE_ID}?span=0000000000000001`, '<script>', ['no parent']],
  ['services', '/services', 'Services', ['catalogue', '41.2/s', '6.2 %']],
  ['service', '/services/checkout', 'checkout', ['POST /orders', 'Requests per second', 'Version 1.4.2 appeared, after 1.4.1', 'Where it ran']],
  ['signatures', '/signatures', 'Errors', ['CardDeclined', 'card <int> declined', 'New']],
  ['signature', `/signatures/${SIGNATURE_ID}`, 'CardDeclined', ['Why these failures are one', 'Perhaps the same', 'front POST /checkout']],
  ['quality', '/quality', 'Trace quality', ['The trace breaks between front and checkout', 'OTEL_PROPAGATORS', 'Instrumentation Score']],
  ['quality-file', '/quality/file', 'Trace quality', ['The trace breaks between front and checkout', 'Instrumentation Score', 'by Tocsin']],
  ['quality-month', '/quality/month', 'Cost and retention of traces', ['Who sends what', 'What is kept', '84.0 MB']],
  ['quality-quarter', '/quality/quarter?period=2026-Q3', 'Instrumentation coverage, 2026-Q3', ['Gaps', 'no owner', 'broken-context']],
  ['ingest', '/ingest', 'Ingest', ['The ledger balances', '1,204,331', '≤ 10 s']],
  ['api', '/api', 'API', ['/api/v1/incidents/{id}/acknowledge', 'OpenAPI 3.1', 'curl -s http']],
  ['not-found', '/nowhere', 'Not found', ['overview']],
];
const PATIENT = { timeout: 30_000 };
const VIEWS = [['desktop', 1280, 800], ['phone', 360, 740]] as const;
const SCHEMES = ['dark', 'light'] as const;

describe.skipIf(!hasChromium)('pages in a browser', () => {
  let browser: Browser;
  let app: NestFastifyApplication;
  let fakes: PageFakes;
  let url = '';
  beforeAll(async () => {
    fakes = pageFakes();
    app = await createTestApp(fakes.options);
    url = await listen(app);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  test.each(VIEWS)('every page is sound on a %s, in the light and in the dark', async (view, width, height) => {
    const context = await browser.newContext({ viewport: { width, height } });
    try {
      const { page, complaints, visit } = await newPage(context);
      for (const [name, path, heading, texts] of PAGES) {
        await visit(url + path);
        expect(await page.textContent('h1'), name).toContain(heading);
        const text = (await page.textContent('body')) ?? '';
        for (const expected of texts) expect(text, name).toContain(expected);
        // What is drawn follows the scheme without being loaded again.
        for (const colorScheme of SCHEMES) {
          await page.emulateMedia({ colorScheme });
          expect(await overflow(page), `${name} is wider than the screen`).toBe(0);
          await shoot(page, `${name}-${view}-${colorScheme}`, true);
        }
        expect(await page.evaluate('window.hacked'), name).toBeUndefined();
        const found = complaints.splice(0);
        expect(name === 'not-found' || name === 'incident-hostile' ? found.filter((line) => !line.includes('404')) : found, name).toEqual([]);
      }
    } finally {
      await context.close();
    }
    expect(fakes.failures).toEqual([]);
  });

  test('names of thousands of characters and hundreds of services leave the waterfall on the first screen', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    try {
      const { page } = await open(context, `${url}/traces/${HOSTILE_TRACE_ID}`);
      expect((await page.locator('.fall li').first().boundingBox())?.y).toBeLessThan(700);
    } finally {
      await context.close();
    }
  });

  test('on paper the severity of a finding keeps its colour, or white letters would stand on white; what can only be pressed is left out', async () => {
    const context = await browser.newContext();
    const { page } = await open(context, `${url}/quality/file`);
    await page.emulateMedia({ media: 'print' });
    expect(await page.evaluate("getComputedStyle(document.querySelector('.pill.page')).printColorAdjust")).toBe('exact');
    await page.goto(`${url}/incidents/${OPEN_INCIDENT_ID}`);
    for (const pressed of ['.actions', '.note-form', '.copy']) expect(await page.locator(`${pressed}:visible`).count(), pressed).toBe(0);
    await page.emulateMedia({ media: 'screen' });
    for (const pressed of ['.actions', '.note-form', '.copy']) expect(await page.locator(`${pressed}:visible`).count(), pressed).toBeGreaterThan(0);
    await context.close();
  });

  test('completion offers nothing that is for what was written before', async () => {
    const context = await browser.newContext();
    const { page } = await open(context, `${url}/traces`);
    await page.route('**/tempo/api/v2/search/tags', () => undefined);
    await page.focus('textarea[name=q]');
    await page.keyboard.type('{ status = error ');
    await page.waitForSelector('.completion li:has-text("&&")');
    await page.keyboard.type('&');
    expect(await page.isVisible('.completion')).toBe(false);
    await context.close();
  });

  test('a click on a span opens its attributes, Escape closes them, and the link leads back to it', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const { page, complaints } = await open(context, `${url}/traces/${FAILED_TRACE_ID}`);
    await page.click(`#s-${FAILED_SPAN_ID} .row-name b`);
    await page.waitForSelector('.panel:not([hidden]) >> text=payment.provider');
    expect(new URL(page.url()).searchParams.get('span')).toBe(FAILED_SPAN_ID);
    expect(await page.getAttribute(`#s-${FAILED_SPAN_ID}`, 'aria-selected')).toBe('true');
    await page.keyboard.press('Escape');
    expect(await page.isVisible('.panel')).toBe(false);
    await page.goto(`${url}/traces/${FAILED_TRACE_ID}?clocks=sent`);
    const asked = page.waitForRequest((request) => request.url().includes('/spans/'));
    await page.click(`#s-${FAILED_SPAN_ID} .row-name b`);
    expect(new URL((await asked).url()).search).toBe('?clocks=sent');
    await page.waitForSelector('.panel:not([hidden]) >> text=payment.provider');
    await page.keyboard.press('Escape');
    expect(new URL(page.url()).search).toBe('?clocks=sent');
    await page.goto(`${url}/traces/${FAILED_TRACE_ID}?span=${FAILED_SPAN_ID}`);
    expect(await page.textContent('.panel')).toContain('payment.provider');
    await page.goto('about:blank');
    await page.goto(`${url}/traces/${FAILED_TRACE_ID}#${FAILED_SPAN_ID}`);
    await page.waitForSelector('.panel:not([hidden]) >> text=payment.provider');
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('the waterfall is walked, folded and opened by keyboard', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const { page } = await open(context, `${url}/traces/${FAILED_TRACE_ID}`);
    const visible = (): Promise<number> => page.locator('.fall li').count();
    const all = await visible();
    await page.focus('.fall');
    await page.keyboard.press('ArrowLeft');
    expect(await visible()).toBe(1);
    await page.keyboard.press('ArrowRight');
    expect(await visible()).toBe(all);
    await page.keyboard.press('e');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.panel:not([hidden]) >> text=502');
    await page.click('[data-fold=all]');
    expect(await visible()).toBeLessThan(all);
    await page.click('[data-fold=none]');
    expect(await visible()).toBe(all);
    await page.keyboard.press('/');
    await page.keyboard.type('charge');
    await page.waitForSelector('text=2 found');
    expect(await page.locator('.fall li.found').count()).toBe(2);
    await context.close();
  });

  test('of a trace of 10,000 spans only the rows on the screen exist, wherever it is scrolled', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const { page, complaints } = await open(context, `${url}/traces/${LARGE_TRACE_ID}`);
    const rows = page.locator('.fall li');
    expect(await rows.count()).toBeLessThan(100);
    expect(await page.locator('.fall').evaluate((tree) => Math.round(tree.getBoundingClientRect().height / 24))).toBe(LARGE_TRACE_SPANS);
    await page.evaluate('scrollTo(0, 5000 * 24)');
    // Not `waitForFunction` with a text: its second look is an eval, which the pages forbid.
    await expect.poll(() => page.evaluate('document.querySelector(".fall li").row.place'), PATIENT).toBeGreaterThan(4_000);
    expect(await rows.count()).toBeLessThan(100);
    await page.focus('.fall');
    await page.keyboard.press('End');
    await page.waitForSelector('.fall li.current', { state: 'attached' });
    await page.keyboard.press('Enter');
    await page.waitForSelector('.panel:not([hidden]) >> text=span id');
    expect(await page.locator('.fall li[aria-selected=true].current').count()).toBe(1);
    await shoot(page, 'trace-large');
    const onScreen = await page.locator('.fall li').count();
    await page.evaluate('dispatchEvent(new Event("beforeprint"))');
    expect(await page.locator('.fall li').count()).toBe(2_000);
    expect(await page.getAttribute('.fall', 'data-left-out')).toMatch(/^\d+ more rows are not printed/);
    await page.evaluate('dispatchEvent(new Event("afterprint"))');
    await expect.poll(() => page.locator('.fall li').count(), PATIENT).toBe(onScreen);
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('from a search to a trace, to a span, to a comparison of two traces', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const { page, complaints } = await open(context, `${url}/traces`);
    await page.waitForSelector('.heatmap');
    await page.waitForSelector('.facet >> text=value 0');
    await page.fill('textarea[name=q]', '{ status = error }');
    await page.waitForURL(/q=%7B/);
    await page.fill('textarea[name=q]', '{ st');
    await page.waitForSelector('.completion li:has-text("status")');
    await page.keyboard.press('Escape');
    await page.fill('textarea[name=q]', '{ status = error }');
    await page.locator('.chart-svg[data-geometry]').scrollIntoViewIfNeeded();
    const picture = await page.locator('.chart-svg[data-geometry]').boundingBox();
    if (picture === null) throw new Error('the heatmap is not drawn');
    // Out of the picture over its upper right corner; what it shows is what is chosen, and there is no upper end.
    await page.mouse.move(picture.x + picture.width / 2, picture.y + 60);
    await page.mouse.down();
    await page.mouse.move(picture.x + picture.width + 40, picture.y - 20, { steps: 3 });
    const placeOf = async (rect: string): Promise<unknown> => page.locator(rect).evaluate((it) => ['x', 'y', 'width', 'height'].map((name) => Math.round(Number.parseFloat(it.getAttribute(name) ?? ''))));
    const brushed = await placeOf('.brush');
    await page.mouse.up();
    await page.waitForURL(/minDuration=/);
    await page.waitForSelector('.chosen');
    expect(await placeOf('.chosen')).toEqual(brushed);
    expect(page.url()).not.toContain('maxDuration');
    expect(await page.getAttribute('.chosen-links a', 'href')).toContain('/traces/cohorts?');
    await page.fill('input[name=user]', 'ann');
    await page.waitForSelector('#results >> text=is stored as hmac:');
    await page.click(`.found a[href="/traces/${FAILED_TRACE_ID}"]`);
    await page.waitForURL(`**/traces/${FAILED_TRACE_ID}`);
    await page.click(`#s-${FAILED_SPAN_ID} .row-name b`);
    await page.waitForSelector('.panel:not([hidden]) >> text=The failure began here');
    await page.click('a:has-text("Compare")');
    await page.fill('input[name=b]', HOSTILE_TRACE_ID);
    await page.click('button:has-text("Compare")');
    await page.waitForSelector('h2:has-text("Place by place")');
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('a dot on the chart of an SLO opens the trace of a bad event', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const { page, complaints } = await open(context, `${url}/slos/checkout-availability`);
    await page.locator('.exemplar').first().click();
    await page.waitForURL(`**/traces/${FAILED_TRACE_ID}?span=${FAILED_SPAN_ID}`);
    await page.waitForSelector('.panel:not([hidden]) >> text=payment.provider');
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('acknowledge and resolve are asked for with their buttons', async () => {
    const context = await browser.newContext();
    const { page } = await open(context, `${url}/incidents/${OPEN_INCIDENT_ID}`);
    await page.click('text=Acknowledge');
    await expect.poll(() => fakes.asked, PATIENT).toEqual([`acknowledge ${OPEN_INCIDENT_ID} local`]);
    await page.click('button:has-text("Resolve")');
    await expect.poll(() => fakes.asked, PATIENT).toEqual([`acknowledge ${OPEN_INCIDENT_ID} local`, `resolve ${OPEN_INCIDENT_ID} local`]);
    await context.close();
  });

  test('links in the words about traces stand in their line', async () => {
    const context = await browser.newContext();
    const { page } = await open(context, `${url}/incidents/${OPEN_INCIDENT_ID}`);
    expect(await page.locator('.trace .note a').count()).toBeGreaterThan(0);
    expect(await page.evaluate("[...document.querySelectorAll('.trace .note a')].filter((link) => getComputedStyle(link).display !== 'inline').length")).toBe(0);
    await context.close();
  });

  test('a chart says what is under the pointer', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 1_600 } });
    const { page } = await open(context, `${url}/slos/checkout-availability`);
    await page.locator('.chart .plot').nth(1).hover();
    expect(await page.locator('.chart .reading').nth(1).textContent()).toMatch(/2026-11-20 00:1\d UTC · 1h .*x/);
    await shoot(page, 'chart-hover');
    await context.close();
  });

  test('pages refresh in place while nobody is busy on them', async () => {
    const context = await browser.newContext();
    const { page, visit } = await newPage(context);
    await page.clock.install();
    await visit(`${url}/incidents`);
    const answered = page.waitForResponse((response) => response.url() === `${url}/incidents` && response.request().resourceType() === 'fetch', PATIENT);
    await page.clock.runFor(60_000);
    await answered;
    await page.waitForSelector('h1:has-text("Incidents")');
    await context.close();
  });

  test('empty pages say what to do next', async () => {
    const empty = await createTestApp(pageFakes({}, 'empty').options);
    const address = await listen(empty);
    const context = await browser.newContext({ viewport: { width: 360, height: 740 }, permissions: ['clipboard-read', 'clipboard-write'] });
    for (const [path, hint] of [['/', 'OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317'], ['/incidents', 'No incidents yet'], ['/services', 'OTEL_EXPORTER_OTLP_ENDPOINT'], ['/traces', 'OTEL_EXPORTER_OTLP_ENDPOINT']] as const) {
      const { page, complaints } = await open(context, address + path);
      expect(await page.textContent('main')).toContain(hint);
      expect(await overflow(page)).toBe(0);
      expect(complaints).toEqual([]);
      await shoot(page, `empty${path.replace('/', '-')}`);
      if (path === '/') {
        await page.click('[data-copy]');
        await page.waitForSelector('text=Copied');
        expect(await page.evaluate('navigator.clipboard.readText()')).toContain('OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317');
      }
      await page.close();
    }
    await context.close();
    await empty.close();
  });

  test('with tokens a visitor logs in once and comes back to the page', async () => {
    const access = {
      tokensRequired: true,
      authorize: (token: string | undefined) => (token === 'letmein' ? { allowed: true as const, actor: 'ops' } : { allowed: false as const, reason: token === undefined ? 'missing' as const : 'unknown' as const }),
    };
    const guarded = pageFakes({ access });
    const guardedApp = await createTestApp(guarded.options);
    const address = await listen(guardedApp);
    const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
    const { page } = await open(context, `${address}/incidents/${OPEN_INCIDENT_ID}`);
    await shoot(page, 'login');
    await page.fill('[name=token]', 'wrong');
    await page.click('text=Log in >> nth=-1');
    await page.waitForSelector('text=not known');
    await page.fill('[name=token]', 'letmein');
    await page.click('button');
    await page.waitForURL(`**/incidents/${OPEN_INCIDENT_ID}`);
    await page.click('text=Acknowledge');
    await expect.poll(() => guarded.asked, PATIENT).toEqual([`acknowledge ${OPEN_INCIDENT_ID} ops`]);
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
    await context.close();
    await guardedApp.close();
  });
});

/** A page that writes down what it complains about, wherever it goes. */
async function newPage(context: BrowserContext): Promise<{ page: Page; complaints: string[]; visit: (address: string) => Promise<void> }> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => {
    // A page that is left while its icon still loads aborts the request: the browser's doing, not the page's.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') complaints.push(`${request.url()} ${request.failure()?.errorText ?? ''}`);
  });
  page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  return { page, complaints, visit: async (address) => { await page.goto(address, { waitUntil: 'load' }); } };
}

async function open(context: BrowserContext, address: string): Promise<{ page: Page; complaints: string[] }> {
  const { page, complaints, visit } = await newPage(context);
  await visit(address);
  return { page, complaints };
}

async function shoot(page: Page, name: string, fullPage = false): Promise<void> {
  if (shots !== undefined) await page.screenshot({ path: join(shots, `${name}.png`), fullPage });
}

/** CSS pixels by which the page is wider than the screen. */
function overflow(page: Page): Promise<unknown> {
  return page.evaluate('Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)');
}
