import type { RunbookContext } from './runbook-context.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

const failing: RunbookContext = {
  incident: {
    id: 'inc-sample', title: 'checkout-availability: burning 21x', severity: 'page', status: 'open', startedAt: '2026-11-20 03:04:05 UTC',
    service: 'checkout', labels: { alertname: 'SloBurn', slo: 'checkout-availability', service: 'checkout', severity: 'page', incident: 'inc-sample' },
    badEvents: 57, suspect: 'payment POST /charge is where 41 of 57 failures start', acknowledgedBy: undefined,
  },
  slo: {
    name: 'checkout-availability', displayName: 'Checkout works', description: 'Customers who press "buy" get an order', service: 'checkout', owner: 'payments',
    target: '99.9 %', window: '30d', burnRate: '21x', budgetRemaining: '71 %', exhaustion: '24 h',
  },
  signature: { id: 'v1:9f86d081884c7d65', type: 'PaymentDeclined', message: 'card <uuid> declined', service: 'payment', operation: 'POST /charge', count: 41 },
  traces: [{
    role: 'most-common', reason: 'Most common failure: 41 of 57 failed like this', url: `http://127.0.0.1:4400/traces/${TRACE}?span=00f067aa0ba902b7`,
    rootService: 'front', rootName: 'POST /checkout', duration: '812 ms', startedAt: '2026-11-20 03:03:59 UTC',
  }],
  links: { incident: 'http://127.0.0.1:4400/incidents/inc-sample', slo: 'http://127.0.0.1:4400/slos/checkout-availability', services: 'http://127.0.0.1:4400/services' },
};

/** Two incidents that a runbook must survive: one with all there can be, and one with as little as there can be. */
export const SAMPLE_CONTEXTS: readonly { readonly name: string; readonly context: RunbookContext }[] = [
  { name: 'an incident with a signature, a suspect and traces', context: failing },
  {
    name: 'an incident without signature, suspect, owner and traces',
    context: {
      ...failing,
      incident: { ...failing.incident, badEvents: undefined, suspect: undefined },
      slo: failing.slo === undefined ? undefined : { ...failing.slo, owner: undefined, burnRate: undefined, budgetRemaining: undefined, exhaustion: undefined },
      signature: undefined,
      traces: [],
    },
  },
];
