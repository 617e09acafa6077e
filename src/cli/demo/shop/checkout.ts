import { randomUUID } from 'node:crypto';
import { trace } from '@opentelemetry/api';
import { callService, connectCache } from './shop-client.js';
import { serveShop, ShopError } from './shop-server.js';

const MAX_ITEMS = 20;
const cache = connectCache();

// Prices from the catalogue, money from payment, the order into the cache.
serveShop({
  'POST /checkout': async ({ caller, body }) => {
    const items = readItems(body);
    const products = await Promise.all(
      items.map((id) => callService(caller, { service: 'catalogue', method: 'GET', path: `/products/${id}` })),
    );
    const amountCents = products.reduce((sum, product) => sum + Number(product['priceCents'] ?? 0), 0);
    const orderId = randomUUID();
    trace.getActiveSpan()?.setAttributes({ 'shop.cart.items': items.length, 'shop.cart.amount_cents': amountCents, 'shop.order.id': orderId });
    const payment = await callService(caller, { service: 'payment', method: 'POST', path: '/payments', body: { orderId, amountCents } });
    await cache.set(`order:${orderId}`, JSON.stringify({ orderId, amountCents, payment }), 'EX', 300);
    return { orderId, amountCents };
  },

  'GET /orders/{id}': async ({ params }) => {
    const found = await cache.get(`order:${params['id'] ?? ''}`);
    if (found === null) throw new ShopError('NoSuchOrder', `there is no order ${params['id'] ?? ''}`, 404);
    return JSON.parse(found) as unknown;
  },
});

function readItems(body: unknown): readonly number[] {
  const items = (body as { items?: unknown } | undefined)?.items;
  if (!Array.isArray(items) || items.length === 0 || items.length > MAX_ITEMS || !items.every(Number.isInteger)) {
    throw new ShopError('BadCart', `a cart has 1 to ${MAX_ITEMS} product numbers`, 400);
  }
  return items as readonly number[];
}
