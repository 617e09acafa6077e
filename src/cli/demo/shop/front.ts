import { trace } from '@opentelemetry/api';
import { callService } from './shop-client.js';
import { serveShop } from './shop-server.js';

// The shop's edge: what a browser or an app talks to.
serveShop({
  'GET /': async ({ caller }) => ({
    shop: 'The Bell Foundry',
    featured: await callService(caller, { service: 'catalogue', method: 'GET', path: '/products?page=1' }),
  }),

  'GET /products/{id}': ({ caller, params }) => {
    trace.getActiveSpan()?.setAttribute('shop.product.id', params['id'] ?? '');
    return callService(caller, { service: 'catalogue', method: 'GET', path: `/products/${params['id'] ?? ''}` });
  },

  'GET /search': ({ caller, query }) =>
    callService(caller, { service: 'catalogue', method: 'GET', path: `/search?q=${encodeURIComponent(query.get('q') ?? '')}` }),

  'POST /checkout': ({ caller, body }) => callService(caller, { service: 'checkout', method: 'POST', path: '/checkout', body }),

  'GET /orders/{id}': ({ caller, params }) =>
    callService(caller, { service: 'checkout', method: 'GET', path: `/orders/${params['id'] ?? ''}` }),
});
