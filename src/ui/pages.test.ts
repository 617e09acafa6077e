import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createTestApp } from '../../test/support/page-app.js';
import { OPEN_INCIDENT_ID, pageFakes } from '../../test/support/page-fakes.js';
import { FAILED_TRACE_ID } from '../../test/support/page-trace.js';

const fakes = pageFakes();
let app: NestFastifyApplication;
beforeAll(async () => {
  app = await createTestApp(fakes.options);
});
afterAll(async () => {
  await app.close();
});

test.each(['/', '/slos/checkout-availability', '/incidents', `/incidents/${OPEN_INCIDENT_ID}`, '/traces', `/traces/${FAILED_TRACE_ID}`, '/services', '/services/checkout'])('%s', async (url) => {
  const response = await app.inject({ url, headers: { host: 'localhost', accept: 'text/html' } });
  expect(fakes.failures).toEqual([]);
  expect(response.statusCode).toBe(200);
});
