import { expect, test } from 'vitest';
import type { Attributes } from '../trace/span.js';
import { occurrencesOf } from './occurrences.js';
import { buildSpan } from './span-builder.js';

test.each<[string, Attributes, string]>([
  ['as the conventions name it', { 'tenant.id': 'acme' }, 'acme'],
  ['under a name of the shop', { 'shop.tenant': 'acme' }, 'acme'],
  ['with an id', { 'app.tenant_id': 7 }, '7'],
  ['by the shorter of two names', { 'shop.billing.tenant': 'globex', 'tenant.id': 'acme' }, 'acme'],
  ['not where it is a part of another word', { 'lieutenant': 'no', 'tenant.size': 'large', 'tenants': 3 }, ''],
])('the tenant of a failure is told %s', (_name, attributes, tenant) => {
  const spans = [
    buildSpan({ id: 'front', service: 'front', kind: 'server', status: 'error', attributes }),
    buildSpan({ id: 'charge', parent: 'front', service: 'payment', kind: 'server', status: 'error' }),
  ];
  expect(occurrencesOf({ spans })).toMatchObject([{ tenant, request: 'front front' }]);
});
