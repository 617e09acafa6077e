import { NO_REPORT, nextRequest, seededRandom, type LoadRequest } from './traffic.js';
import { setting, SLOW_VISIT_MS, tellHost, type LoadReport } from './messages.js';

/** More would only pile up in a shop that hangs. */
const MAX_IN_FLIGHT = 80;
const MAX_ORDERS = 50;
const TIMEOUT_MS = 10_000;
const DRAIN_MS = 3_000;
const REPORT_EVERY_MS = 500;

// Open loop: the requests come at their pace, whether the shop is fast or slow, as people do.
const frontUrl = setting('SHOP_FRONT_URL');
const perSecond = Number(setting('SHOP_LOAD_PER_SECOND'));
const random = seededRandom(Number(process.env['SHOP_LOAD_SEED'] ?? '1'));
const orders: string[] = [];

let report: LoadReport = NO_REPORT;
let inFlight = 0;
let closing = false;

function tick(): void {
  if (closing) return;
  // Exponential gaps: a Poisson process, so that minutes differ as real ones do.
  setTimeout(tick, (-Math.log(1 - random()) * 1_000) / perSecond);
  if (inFlight >= MAX_IN_FLIGHT) {
    report = { ...report, skipped: report.skipped + 1 };
    return;
  }
  void send(nextRequest(random, orders));
}

async function send(request: LoadRequest): Promise<void> {
  inFlight += 1;
  const startMs = performance.now();
  const failed = await ask(request).catch(() => true);
  inFlight -= 1;
  const isSlow = performance.now() - startMs > SLOW_VISIT_MS;
  report = { ...report, answered: report.answered + 1, failed: report.failed + (failed ? 1 : 0), slow: report.slow + (isSlow ? 1 : 0) };
}

/** True when the shop failed. */
async function ask({ method, path, body, region, tenant }: LoadRequest): Promise<boolean> {
  const response = await fetch(`${frontUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-shop-region': region, 'x-shop-tenant': tenant },
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answer = (await response.json()) as { orderId?: string };
  if (method === 'POST' && answer.orderId !== undefined) remember(answer.orderId);
  return response.status >= 500;
}

function remember(orderId: string): void {
  if (orders.length >= MAX_ORDERS) orders.shift();
  orders.push(orderId);
}

// Nobody is cut off: the visitors that are inside get their answers.
function closeDoors(): void {
  closing = true;
  setTimeout(() => process.exit(0), DRAIN_MS);
  setInterval(() => inFlight === 0 && process.exit(0), 20);
}

process.once('SIGTERM', closeDoors);
setInterval(() => tellHost({ kind: 'load', report }), REPORT_EVERY_MS);
tellHost({ kind: 'listening', port: 0 });
tick();
