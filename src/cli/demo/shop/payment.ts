import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { NO_FAULTS, onFaults } from './messages.js';
import { connectCache } from './shop-client.js';
import { serveShop, ShopError } from './shop-server.js';

const ISSUER_MS = 12;
const cache = connectCache();

let faults = NO_FAULTS;
onFaults((next) => {
  faults = next;
});

// Charges each order once: the cache holds what was charged already.
serveShop({
  'POST /payments': async ({ caller, body }) => {
    const { orderId, amountCents } = body as { orderId: string; amountCents: number };
    const reference = randomBytes(8).toString('hex');
    trace.getActiveSpan()?.setAttributes({ 'shop.payment.amount_cents': amountCents, 'shop.payment.issuer': `issuer-${caller.region}` });
    const fresh = await cache.set(`payment:${orderId}`, reference, 'EX', 300, 'NX');
    if (fresh === null) return { orderId, reference: 'charged before' };
    await askIssuer(caller.region, reference);
    return { orderId, reference };
  },
});

async function askIssuer(region: string, reference: string): Promise<void> {
  await wait(ISSUER_MS);
  if (!faults.paymentFailsIn.includes(region)) return;
  throw new ShopError('PaymentDeclined', `issuer for region ${region} unreachable: ref ${reference}`, 503);
}
