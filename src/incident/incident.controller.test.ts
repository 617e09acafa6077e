import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { explainedBy } from '../../test/support/incident-fakes.js';
import { FakeClock } from '../lib/clock.js';
import type { IncidentId, SilenceId } from '../lib/ids.js';
import { ok } from '../lib/result.js';
import { IncidentModule } from './incident.module.js';
import type { Incident } from './incident.js';
import { MemoryIncidentTable } from './memory-incident-table.js';
import { merge } from './join-incidents.js';
import { acknowledge, note, resolve } from './person-actions.js';
import { sampleIncident, SAMPLE_START_MS } from './sample-incident.js';
import type { Silence } from './silence.js';
import type { SilenceActions } from './silence-actions.js';
import { expired, matchersOf, setSilence } from './silence-rules.js';

let app: NestFastifyApplication | undefined;
let table: MemoryIncidentTable;
const asked: string[] = [];
const NOW_MS = SAMPLE_START_MS + 60_000;
const HELD = { key: 'k', title: 'Disk is slow', threshold: 'flaky', wanted: 3, withinMs: 60_000, occurrences: [{ alertId: 'a', atMs: NOW_MS }], firing: { a: NOW_MS } };
let silencesKnown: Map<SilenceId, Silence>;

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
  const actions = {
    held: () => Promise.resolve([HELD]),
    note: async (id: IncidentId, text: string, who: string) => {
      const [noted] = note((await table.byId(id))!, { text, who }, NOW_MS).incidents;
      table.replace([noted!]);
      return noted;
    },
    acknowledge: (id: IncidentId, who: string) => act(id, who, acknowledge), resolve: (id: IncidentId, who: string) => act(id, who, resolve),
    merge: async (id: IncidentId, into: IncidentId, who: string) => {
      const [source, target] = [await table.byId(id), await table.byId(into)];
      const { incidents } = merge(target!, source!, { cause: { rule: 'person', place: undefined, shares: [], words: `${who} says so` }, actor: who, nowMs: NOW_MS });
      table.replace(incidents);
      return incidents.at(-1);
    },
  };
  silencesKnown = new Map();
  const keep = (changed: readonly Silence[]): Silence => {
    for (const silence of changed) silencesKnown.set(silence.id, silence);
    return changed.at(-1)!;
  };
  const set: SilenceActions['set'] = async (request) => {
    const made = setSilence(request, silencesKnown, NOW_MS);
    return made.ok ? ok(keep(made.value)) : made;
  };
  const silences: SilenceActions = {
    list: async () => [...silencesKnown.values()], set,
    expire: async (id) => {
      const known = silencesKnown.get(id as SilenceId);
      return known === undefined ? undefined : keep([expired(known, NOW_MS)]);
    },
    silenceIncident: async (id, wish) => set({ matchers: matchersOf(table.open().find((open) => open.id === id)!), endsAtMs: NOW_MS + wish.durationMs, comment: wish.comment, createdBy: wish.createdBy }),
    firing: async () => table.open().flatMap(({ alerts }) => alerts),
  };
  const built = await Test.createTestingModule({ imports: [IncidentModule.register({ reader: table, actions, silences, clock: new FakeClock(NOW_MS) })] }).compile();
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

  test('two incidents become one; what is over, unknown or the same one is refused', async () => {
    const merging = async (id: string, payload?: object): Promise<{ status: number; body: Record<string, unknown> }> => {
      const answer = await app!.inject({ method: 'POST', url: `/api/v1/incidents/${id}/merge`, ...(payload === undefined ? {} : { payload }) });
      return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
    };
    table.replace([sampleIncident({ id: 'inc-3' as IncidentId, key: 'c', startedAtMs: SAMPLE_START_MS + 5 })]);
    expect(await merging('inc-3', { into: 'inc-1' })).toMatchObject({ status: 200, body: { id: 'inc-1', causes: [{ rule: 'person', from: 'inc-3', words: 'local says so' }] } });
    expect((await ask('GET', '/inc-3')).body).toMatchObject({ status: 'resolved', mergedInto: 'inc-1' });
    expect(await merging('inc-3', { into: 'inc-1' })).toMatchObject({ status: 409, body: { code: 'incident/resolved' } });
    expect(await merging('inc-1', { into: 'inc-none' })).toMatchObject({ status: 404 });
    for (const payload of [{ into: 'inc-1' }, {}, undefined]) expect(await merging('inc-1', payload)).toMatchObject({ status: 400, body: { code: 'request/invalid' } });
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

describe('silences', () => {
  const request = async (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object): Promise<{ status: number; body: Record<string, unknown> }> => {
    const answer = await app!.inject({ method, url: `/api/v1${url}`, ...(payload === undefined ? {} : { payload }) });
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
  };
  const DEPLOY = { matchers: 'service="checkout"', duration: '2h', comment: 'deploy' };

  test('are made with matchers as text or as a list, shown with what they hold back, and ended', async () => {
    const { status, body } = await request('POST', '/silences', DEPLOY);
    expect({ status, body }).toMatchObject({ status: 200, body: { state: 'active', inForce: true, words: '{service="checkout"}', createdBy: 'local', endsAt: new Date(NOW_MS + 7_200_000).toISOString(), matches: [{ incident: 'inc-1' }] } });
    const listed = await request('POST', '/silences', { matchers: [{ name: 'service', value: 'x', isRegex: true }], endsAt: '2026-11-20T04:00:00Z', comment: 'c', createdBy: 'ann' });
    expect(listed.body).toMatchObject({ createdBy: 'ann', matchers: [{ name: 'service', value: 'x', isRegex: true, isEqual: true }], matches: [] });
    expect((await request('GET', '/silences')).body['silences']).toHaveLength(2);
    expect((await request('DELETE', `/silences/${String(body['id'])}`)).body).toMatchObject({ state: 'expired' });
    expect((await request('GET', `/silences/${String(body['id'])}`)).body).toMatchObject({ state: 'expired' });
  });

  test('a preview keeps nothing', async () => {
    expect((await request('POST', '/silences?preview=1', DEPLOY)).body).toMatchObject({ preview: true, matches: [{ incident: 'inc-1', labels: { service: 'checkout' } }] });
    expect(silencesKnown.size).toBe(0);
  });

  test('recurring ones hold in their times only', async () => {
    const { body } = await request('POST', '/silences', { ...DEPLOY, duration: '30d', recurring: [{ weekdays: ['sunday'], times: [{ start_time: '02:00', end_time: '04:00' }], location: 'Europe/Berlin' }] });
    expect(body).toMatchObject({ state: 'active', inForce: false, recurring: [{ weekdays: [{ begin: 0, end: 0 }], location: 'Europe/Berlin' }] });
  });

  test.each([
    ['what matches every alert', { ...DEPLOY, matchers: 'service=~".*"' }, 'match every alert'], ['nothing to match', { ...DEPLOY, matchers: [] }, 'at least one matcher'],
    ['no comment', { ...DEPLOY, comment: ' ' }, 'needs a comment'], ['no end', { matchers: 'a="b"', comment: 'c' }, 'every silence ends'],
    ['an end in the past', { matchers: 'a="b"', comment: 'c', endsAt: '2020-01-01T00:00:00Z' }, 'in the past'], ['a bad expression', { ...DEPLOY, matchers: 'a=~"("' }, 'not a regular expression'],
    ['a bad time', { ...DEPLOY, recurring: [{ weekdays: ['funday'] }] }, 'is not a weekday'], ['an unknown key', { ...DEPLOY, until: 'x' }, 'until'],
  ])('%s is refused', async (_, payload, message) => {
    const { status, body } = await request('POST', '/silences', payload);
    expect({ status, detail: body['detail'], code: body['code'] }).toEqual({ status: 400, code: 'request/invalid', detail: expect.stringContaining(message) });
  });

  test('one that is not there is a 404', async () => {
    expect((await request('DELETE', '/silences/none')).body).toMatchObject({ code: 'silence/not-found' });
  });

  test('an incident is silenced by what its alerts share, severity included, for an hour', async () => {
    const { status, body } = await request('POST', '/incidents/inc-1/silence', { comment: 'on it' });
    expect({ status, body }).toMatchObject({ status: 200, body: { silence: { endsAt: new Date(NOW_MS + 3_600_000).toISOString() }, incident: { id: 'inc-1' } } });
    expect([...silencesKnown.values()]).toMatchObject([{ comment: 'on it', createdBy: 'local' }]);
    expect([...silencesKnown.values()][0]!.matchers.map(({ name }) => name)).toEqual(['alertname', 'slo', 'service', 'severity', 'owner']);
    expect((await request('POST', '/incidents/inc-2/silence')).body).toMatchObject({ code: 'incident/resolved' });
  });
});

test('a note is kept in the history, also after the end; one without words is refused', async () => {
  const write = (id: string, payload: object): ReturnType<NestFastifyApplication['inject']> => app!.inject({ method: 'POST', url: `/api/v1/incidents/${id}/notes`, payload });
  for (const id of ['inc-1', 'inc-2']) {
    const { timeline } = (await write(id, { text: '  rolled back to 4.1\nand waiting ' })).json<{ readonly timeline: readonly unknown[] }>();
    expect(timeline.at(-1)).toEqual({ at: new Date(NOW_MS).toISOString(), kind: 'note', actor: 'local', text: 'rolled back to 4.1\nand waiting' });
  }
  for (const payload of [{}, { text: ' ' }, { text: 'x'.repeat(4_001) }, { text: 'x', who: 'eve' }]) expect((await write('inc-1', payload)).statusCode).toBe(400);
  expect((await write('inc-none', { text: 'x' })).statusCode).toBe(404);
});

test('what a threshold holds back is listed, beside incidents', async () => {
  expect((await app!.inject({ url: '/api/v1/incidents/held' })).json()).toEqual({
    held: [{ key: 'k', title: 'Disk is slow', threshold: 'flaky', wanted: 3, withinSeconds: 60, words: 'began to fire 1 of 3 times within 1 min (threshold "flaky"), and fires now', occurrences: [{ alert: 'a', at: new Date(NOW_MS).toISOString() }], firing: [{ alert: 'a', since: new Date(NOW_MS).toISOString() }] }],
  });
});

test('an incident says which operations and resources explain it, and says nothing where it has no evidence', async () => {
  const told = sampleIncident({ id: 'inc-explained' as IncidentId, key: 'explained' });
  table.replace([{ ...told, evidence: { ...told.evidence!, explainedBy: explainedBy() } }, sampleIncident({ id: 'inc-bare' as IncidentId, key: 'bare', evidence: undefined })]);
  const get = async (id: string): Promise<Record<string, unknown>> => (await app!.inject({ url: `/api/v1/incidents/${id}` })).json<Record<string, unknown>>();
  expect((await get('inc-explained'))['explainedBy']).toEqual(explainedBy());
  expect((await get('inc-bare'))['explainedBy']).toEqual({ operations: [], resources: [] });
});
