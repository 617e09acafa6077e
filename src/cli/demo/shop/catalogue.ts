import { trace } from '@opentelemetry/api';
import { connectCache } from './shop-client.js';
import { serveShop, ShopError } from './shop-server.js';

const PRODUCTS = 200;
const PAGE = 10;
const cache = connectCache();

// Products live in the cache; what it does not hold yet is "read from the database" (made up) and put there.
serveShop({
  'GET /products': async ({ query }) => {
    const page = Math.max(1, Number(query.get('page') ?? '1') || 1);
    const ids = Array.from({ length: PAGE }, (_, index) => ((page - 1) * PAGE + index) % PRODUCTS);
    const found = await cache.mget(ids.map((id) => `catalogue:product:${id}`));
    return { products: found.map((text, index) => (text === null ? makeProduct(ids[index] ?? 0) : (JSON.parse(text) as unknown))) };
  },

  'GET /products/{id}': async ({ params }) => {
    const id = Number(params['id']);
    if (!Number.isInteger(id) || id < 0 || id >= PRODUCTS) throw new ShopError('NoSuchProduct', `there is no product ${params['id'] ?? ''}`, 404);
    const key = `catalogue:product:${id}`;
    const found = await cache.get(key);
    trace.getActiveSpan()?.setAttributes({ 'shop.product.id': id, 'shop.cache.hit': found !== null });
    if (found !== null) return JSON.parse(found) as unknown;
    const product = makeProduct(id);
    await cache.set(key, JSON.stringify(product), 'EX', 60);
    return product;
  },

  'GET /search': async ({ query }) => {
    const text = query.get('q') ?? '';
    trace.getActiveSpan()?.setAttribute('shop.search.terms', text.split(' ').length);
    const found = await cache.get(`catalogue:search:${text}`);
    if (found !== null) return JSON.parse(found) as unknown;
    const result = { query: text, products: [makeProduct(text.length), makeProduct(text.length + 7)] };
    await cache.set(`catalogue:search:${text}`, JSON.stringify(result), 'EX', 20);
    return result;
  },
});

function makeProduct(id: number): { id: number; name: string; priceCents: number } {
  const metal = ['bronze', 'brass', 'silver', 'iron'][id % 4] ?? 'bronze';
  return { id, name: `${metal} bell no. ${id}`, priceCents: 1_900 + ((id * 700) % 9_000) };
}
