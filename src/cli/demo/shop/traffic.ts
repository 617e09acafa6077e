import type { LoadReport } from './messages.js';

export const NO_REPORT: LoadReport = { answered: 0, failed: 0, slow: 0, skipped: 0 };

export interface LoadRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly region: string;
  readonly tenant: string;
}

type Weighted<T> = readonly (readonly [T, number])[];

/** Shares, summing to 1. The second region is large enough to hurt and too small to be obvious in a total. */
const REGIONS: Weighted<string> = [['eu-1', 0.42], ['eu-2', 0.28], ['us-1', 0.2], ['ap-1', 0.1]];
const TENANTS: Weighted<string> = [['acme', 0.5], ['globex', 0.25], ['initech', 0.15], ['umbrella', 0.07], ['hooli', 0.03]];
const PAGES: Weighted<'home' | 'product' | 'search' | 'checkout' | 'order'> = [
  ['home', 0.17], ['product', 0.35], ['search', 0.1], ['checkout', 0.28], ['order', 0.1],
];
const WORDS = ['bronze bell', 'ship bell', 'door chime', 'hand bell', 'tuning fork', 'church bell'];
const PRODUCTS = 200;

/** What the next visitor does. `orders` are the ids of recent orders, which some visitors look at again. */
export function nextRequest(random: () => number, orders: readonly string[]): LoadRequest {
  const caller = { region: pick(random, REGIONS), tenant: pick(random, TENANTS) };
  const order = orders[Math.floor(random() * orders.length)];
  switch (pick(random, PAGES)) {
    case 'home': return { method: 'GET', path: '/', ...caller };
    case 'product': return { method: 'GET', path: `/products/${popularProduct(random)}`, ...caller };
    case 'search': return { method: 'GET', path: `/search?q=${encodeURIComponent(WORDS[Math.floor(random() * WORDS.length)] ?? '')}`, ...caller };
    case 'order': return { method: 'GET', path: order === undefined ? '/' : `/orders/${order}`, ...caller };
    case 'checkout': return { method: 'POST', path: '/checkout', body: { items: cart(random) }, ...caller };
  }
}

/** Few products are asked for often: the square bends the choice towards the low numbers. */
function popularProduct(random: () => number): number {
  return Math.floor(random() ** 2 * PRODUCTS);
}

function cart(random: () => number): readonly number[] {
  return Array.from({ length: 1 + Math.floor(random() * 3) }, () => popularProduct(random));
}

function pick<T>(random: () => number, choices: Weighted<T>): T {
  let left = random();
  for (const [value, share] of choices) {
    left -= share;
    if (left < 0) return value;
  }
  return choices[0]![0];
}

/** Mulberry32: the same seed gives the same visitors, so that two demos tell the same story. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
