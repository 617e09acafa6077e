import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { IncidentId } from '../lib/ids.js';
import { IncidentModule } from './incident.module.js';
import type { Incident } from './incident.js';
import { MemoryIncidentTable } from './memory-incident-table.js';
import { acknowledge, resolve } from './person-actions.js';
import { sampleIncident, SAMPLE_START_MS } from './sample-incident.js';

let app: NestFastifyApplication | undefined;
let table: MemoryIncidentTable;
const asked: string[] = [];

beforeEach(async () => {
  await app?.close();
  asked.length = 0;
  table = new MemoryIncidentTable();
  const act = async (id: IncidentId, who: string, change: typeof acknowledge): Promise<Incident | undefined> => {
    asked.push(`${change.name} by ${who}`);
    const incident = table.open().find((open) => open.id === id);
    if (incident === undefined) return undefined;
    table.replace(change(incident, who, SAMPLE_START_MS + 60_000).incidents);
    return table.byId(id);
  };
  const actions = { acknowledge: (id: IncidentId, who: string) => act(id, who, acknowledge), resolve: (id: IncidentId, who: string) => act(id, who, resolve) };
  const built = await Test.createTestingModule({ imports: [IncidentModule.register({ reader: table, actions })] }).compile();
  app = built.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  await app.init();
  table.replace([
    sampleIncident({ id: 'inc-1' as IncidentId, key: 'a' }),
    sampleIncident({ id: 'inc-2' as IncidentId, key: 'b', status: 'resolved', startedAtMs: SAMPLE_START_MS + 1, endedAtMs: SAMPLE_START_MS + 2 }),
  ]);
});
afterAll(async () => { await app?.close(); });

interface Body {
  readonly incidents: { readonly id: string }[];
  readonly traces: unknown[];
  readonly alerts: unknown[];
}

async function ask(method: 'GET' | 'POST', url: string): Promise<{ status: number; type: string; body: Body }> {
  const answer = await app!.inject({ method, url: `/api/v1/incidents${url}` });
  return { status: answer.statusCode, type: String(answer.headers['content-type']).split(';')[0]!, body: answer.json<Body>() };
}

describe('reading', () => {
  test('the list is newest first and can be narrowed', async () => {
    expect((await ask('GET', '')).body.incidents.map((row) => row.id)).toEqual(['inc-2', 'inc-1']);
    expect((await ask('GET', '?status=open,acknowledged')).body.incidents).toMatchObject([{ id: 'inc-1', status: 'open', severity: 'page', startedAt: '2026-11-20T03:04:05.000Z', endedAt: null }]);
    expect((await ask('GET', '?limit=1')).body.incidents).toHaveLength(1);
  });

  test('one incident has all that interfaces.md promises', async () => {
    const { status, body } = await ask('GET', '/inc-1');
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(expect.arrayContaining(['id', 'key', 'status', 'severity', 'title', 'startedAt', 'endedAt', 'alerts', 'signatures', 'traces', 'runbook', 'timeline']));
    expect(body.traces[0]).toMatchObject({ role: 'most-common', url: `/traces/${'a'.repeat(32)}?span=${'a'.repeat(16)}`, reason: expect.stringContaining('41 of 57') });
    expect(body.alerts[0]).toMatchObject({ words: 'burning 21x with 71 % of the 30-day budget left: gone in 24 h', labels: { slo: 'checkout-availability' } });
  });
});

describe('acting', () => {
  test('acknowledge and resolve answer with the incident as it is then', async () => {
    expect(await ask('POST', '/inc-1/acknowledge')).toMatchObject({ status: 200, body: { status: 'acknowledged', acknowledgedBy: 'local' } });
    expect(await ask('POST', '/inc-1/resolve')).toMatchObject({ status: 200, body: { status: 'resolved', endedAt: '2026-11-20T03:05:05.000Z' } });
    expect(asked).toEqual(['acknowledge by local', 'resolve by local']);
  });

  test('resolving twice is fine, taking over what is over is not', async () => {
    expect(await ask('POST', '/inc-2/resolve')).toMatchObject({ status: 200, body: { status: 'resolved' } });
    expect(await ask('POST', '/inc-2/acknowledge')).toMatchObject({ status: 409, type: 'application/problem+json', body: { code: 'incident/resolved', status: 409 } });
  });
});

test.each([
  ['GET', '/inc-none', 404, 'incident/not-found'], ['POST', '/inc-none/acknowledge', 404, 'incident/not-found'], ['POST', '/inc-none/resolve', 404, 'incident/not-found'],
  ['GET', '?status=closed', 400, 'request/invalid'], ['GET', '?limit=0', 400, 'request/invalid'], ['GET', '?limit=many', 400, 'request/invalid'],
] as const)('%s %s is answered with %d and a problem document', async (method, url, status, code) => {
  const answer = await ask(method, url);
  expect(answer).toMatchObject({ status, type: 'application/problem+json', body: { status, code, type: `urn:tocsin:error:${code.replace('/', ':')}`, title: expect.any(String), detail: expect.any(String), hint: expect.any(String) } });
});
