// Takes the pictures of the documentation from a running demo: `npm run build && node scripts/screenshots.js [FOLDER]`. Takes five minutes.
// Needs Chromium (Debian: `apt-get install chromium`; elsewhere name it in CHROMIUM). Ports are whatever the demo finds free.
// Pages show where rules and code lie on this machine: run it from a checkout in a neutral place, such as /opt/tocsin.
import { spawn } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { smallPng } from './small-png.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = process.argv[2] ?? join(root, 'docs', 'images');
const WIDTH = 1280;
const MAX_HEIGHT = 1250;
const MARGIN = 12;
const MAX_BYTES = 200 * 1024;
const PAGE_WITHIN_MS = 120_000;
/** What a woken person sees; then what is to be seen after the fault, which lasts two minutes. */
const FIRST_LOOK_MS = 20_000;
const SECOND_LOOK_MS = 190_000;
const OPENED_BY_THE_FAULT = 'Payment works';

const demo = spawn(process.execPath, [join(root, 'bin', 'tocsin.js'), 'demo'], { cwd: root, env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'inherit'] });
const ended = new Promise((resolve) => demo.once('exit', resolve));
let told = '';
demo.stdout.on('data', (chunk) => { told += chunk; });

try {
  const tocsin = await heard(/^ {2}Tocsin +(http\S+)/m);
  const slack = await heard(/^ {2}Slack +(http\S+)/m);
  const incident = await thePage(tocsin);
  process.stdout.write(`the page is there: ${incident.title}\n`);
  await wait(FIRST_LOOK_MS);
  await shoot(evidence({ tocsin, slack }, await withTraces(tocsin)));
  await wait(SECOND_LOOK_MS);
  await shoot(figures(tocsin));
} finally {
  demo.kill('SIGTERM');
  await ended;
}

async function heard(pattern) {
  for (let waited = 0; waited < PAGE_WITHIN_MS; waited += 250) {
    const found = pattern.exec(told);
    if (found !== null) return found[1].replace(/\/$/, '');
    if (demo.exitCode !== null) throw new Error(`the demo ended with code ${demo.exitCode}:\n${told}`);
    await wait(250);
  }
  throw new Error(`the demo did not say ${pattern}:\n${told}`);
}

async function thePage(tocsin) {
  for (let waited = 0; waited < PAGE_WITHIN_MS; waited += 500) {
    const { incidents } = await json(`${tocsin}/api/v1/incidents`);
    const page = incidents.find(({ severity, title }) => severity === 'page' && title.includes(OPENED_BY_THE_FAULT));
    if (page !== undefined) return page;
    await wait(500);
  }
  throw new Error('no page came');
}

/** On a busy machine traces come after the first message, and incidents that one failure began become one. */
async function withTraces(tocsin) {
  for (let waited = 0; waited < PAGE_WITHIN_MS; waited += 500) {
    const { incidents } = await json(`${tocsin}/api/v1/incidents?status=open,acknowledged`);
    const pages = incidents.filter(({ severity }) => severity === 'page').sort((left, right) => Number(right.title.includes(OPENED_BY_THE_FAULT)) - Number(left.title.includes(OPENED_BY_THE_FAULT)));
    for (const { id } of pages) {
      const incident = await json(`${tocsin}/api/v1/incidents/${id}`);
      if (incident.traces.length > 0) return incident;
    }
    await wait(500);
  }
  throw new Error('no open page has traces');
}

/** What a person opens first, as they would follow the links of the message. */
function evidence({ tocsin, slack }, { id, traces }) {
  const common = traces.find(({ role }) => role === 'most-common') ?? traces[0];
  return [
    { name: 'slack', url: slack, element: `article.message:has(a[href$="/incidents/${id}"])` },
    { name: 'incident', url: `${tocsin}/incidents/${id}` },
    { name: 'trace', url: `${tocsin}/traces/${common.traceId}?span=${common.spanId}` },
  ];
}

/** Ranges as short as the demo: a day of history has none of this trouble. */
function figures(tocsin) {
  return [
    { name: 'slo', url: `${tocsin}/slos/payment-availability?range=10m` },
    { name: 'services', url: `${tocsin}/services?range=15m` },
  ];
}

async function shoot(pictures) {
  mkdirSync(target, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: WIDTH, height: 900 }, colorScheme: 'light', timezoneId: 'UTC', locale: 'en-GB' });
    for (const { name, url, element } of pictures) {
      await page.goto(url, { waitUntil: 'load' });
      await page.waitForTimeout(500);
      const box = await page.locator(element ?? 'body').first().boundingBox();
      const clip = { x: 0, y: Math.max(0, box.y - MARGIN), width: WIDTH, height: Math.min(MAX_HEIGHT, Math.ceil(box.height) + (element === undefined ? 0 : 2 * MARGIN)) };
      await save(name, smallPng(await page.screenshot({ clip, fullPage: true })));
    }
  } finally {
    await browser.close();
  }
}

async function save(name, png) {
  const file = join(target, `${name}.png`);
  writeFileSync(file, png);
  const { size } = statSync(file);
  process.stdout.write(`${name}.png ${Math.round(size / 1024)} KiB${size > MAX_BYTES ? ': more than 200 KiB, make it smaller' : ''}\n`);
  if (size > MAX_BYTES) process.exitCode = 1;
}

async function json(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.json();
}
