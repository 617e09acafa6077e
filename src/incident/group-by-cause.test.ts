import { describe, expect, test } from 'vitest';
import type { Evidence, Origin } from '../diagnosis/evidence.js';
import { MINUTE_MS } from '../lib/duration.js';
import type { IncidentId } from '../lib/ids.js';
import type { IncidentChange } from './advance.js';
import { alertIdOf } from './condition-signal.js';
import { groupByCause } from './group-by-cause.js';
import type { Incident } from './incident.js';
import { sampleAlert, sampleIncident, sampleReading, SAMPLE_START_MS as T0 } from './sample-incident.js';
import { traceCause } from './trace-cause.js';

const BANK: Origin = { service: 'bank', operation: 'POST /charge', kind: 'failed', key: 'v1:bank', what: 'BankTimeout', count: 57 };
const elsewhere = (name: string, count: number): Origin => ({ service: name, operation: `GET /${name}`, kind: 'failed', key: `v1:${name}`, count });

interface Story {
  readonly service: string;
  readonly origins?: readonly Origin[];
  readonly examined?: number;
  readonly badEvents?: number;
  readonly atMs?: number;
  readonly changes?: Partial<Incident>;
}

/** An incident of the service's own SLO. */
function burning({ service, origins = [BANK], examined = 60, badEvents = 100, atMs = T0, changes = {} }: Story): Incident {
  const id = `inc-${service}` as IncidentId;
  const slo = `${service}-availability`;
  const labels = { alertname: 'ErrorBudgetBurn', slo, service, severity: changes.severity ?? 'page' };
  const alert = sampleAlert({ incidentId: id, id: alertIdOf(labels), severity: changes.severity ?? 'page', labels: { ...labels, incident: id }, reading: sampleReading({ slo }), sloTitle: `The ${service} works` });
  const evidence: Evidence = { ...sampleIncident().evidence!, takenAtMs: atMs, examined, badEvents, origins };
  return sampleIncident({ id, key: `slo:${slo}`, title: `"${service}" is failing`, startedAtMs: atMs, alerts: [alert], evidence, timeline: [], ...changes });
}

const opening = (...incidents: readonly Incident[]): IncidentChange => ({ incidents, transitions: incidents.map((incident) => ({ kind: 'opened', incident, atMs: incident.startedAtMs })) });
const group = (change: IncidentChange, openIncidents: readonly Incident[] = [], nowMs = T0): IncidentChange => groupByCause({ change, openIncidents, finders: [traceCause], nowMs });
const news = ({ transitions }: IncidentChange): string[] => transitions.map(({ kind, incident }) => `${kind} ${incident.id}`);

describe('alerts that share a cause', () => {
  test('two SLOs whose bad events begin with the same error at the same place open one incident, with the proof', () => {
    const change = group(opening(burning({ service: 'front' }), burning({ service: 'shop' })));
    expect(news(change)).toEqual(['opened inc-front']);
    const [incident] = change.incidents;
    expect(change.incidents).toHaveLength(1);
    expect(incident!.alerts.map(({ labels, incidentId }) => [labels['slo'], labels['incident'], incidentId])).toEqual([['front-availability', 'inc-front', 'inc-front'], ['shop-availability', 'inc-front', 'inc-front']]);
    expect(incident!.causes).toMatchObject([{ rule: 'same-origin', place: { service: 'bank', operation: 'POST /charge' }, shares: [{ slo: 'shop-availability', explained: 57, examined: 60 }, { slo: 'front-availability' }] }]);
    expect(incident!.causes![0]!.traces.length).toBeGreaterThan(0);
    expect(incident!.timeline.at(-1)!.text).toBe('"The shop works" joins: 57 of 60 bad events of "The shop works" and 57 of 60 of "The front works" began with the same error (BankTimeout) in bank POST /charge.');
    expect(change.transitions[0]!.incident).toBe(incident);
  });

  test('what fails by itself leads; what only suffers from it joins', () => {
    const change = group(opening(burning({ service: 'front' }), burning({ service: 'bank' })));
    expect(news(change)).toEqual(['opened inc-bank']);
  });

  test('an SLO whose bad events begin in the service of another joins it, whatever the error is called there', () => {
    const timeout: Origin = { ...BANK, key: 'v1:timeout', what: 'Timeout' };
    const open = burning({ service: 'bank' });
    const late = burning({ service: 'front', origins: [timeout], atMs: T0 + MINUTE_MS });
    const change = group(opening(late), [open], T0 + MINUTE_MS);
    expect(news(change)).toEqual(['updated inc-bank']);
    expect(change.incidents[0]!.causes).toMatchObject([{ rule: 'upstream' }]);
    expect(change.transitions[0]!.joined).toEqual(late.alerts.map(({ id }) => id));
    expect(change.transitions[0]!.news).toContain('57 of 60 bad events of "The front works" began in bank, mostly in POST /charge, and "The bank works" of that service fails there too');
  });

  test('the cause may be found after what it did: it joins the incident that is open', () => {
    const timeout: Origin = { ...BANK, key: 'v1:timeout' };
    const change = group(opening(burning({ service: 'bank', atMs: T0 + MINUTE_MS })), [burning({ service: 'front', origins: [timeout] })], T0 + MINUTE_MS);
    expect(news(change)).toEqual(['updated inc-front']);
  });

  test('a page that joins a ticket upgrades it', () => {
    const change = group(opening(burning({ service: 'shop', atMs: T0 + MINUTE_MS })), [burning({ service: 'front', changes: { severity: 'ticket' } })], T0 + MINUTE_MS);
    expect(news(change)).toEqual(['upgraded inc-front']);
    expect(change.incidents[0]).toMatchObject({ severity: 'page', title: '"shop" is failing' });
  });

  test('a third one finds its way through what has joined', () => {
    const mixed = [{ ...BANK, count: 50 }, elsewhere('cache', 10)];
    const first = group(opening(burning({ service: 'bank', origins: [{ ...BANK, key: 'v1:other' }] }), burning({ service: 'front', origins: mixed })));
    const change = group(opening(burning({ service: 'shop', atMs: T0 + MINUTE_MS })), first.incidents, T0 + MINUTE_MS);
    expect(change.incidents[0]!.alerts).toHaveLength(3);
  });
});

describe('slow requests', () => {
  const asked = (operation: string, count: number, more: Partial<Origin> = {}): Origin => ({ service: 'redis', caller: 'shop', address: 'cache:6379', operation, kind: 'slow', key: `slow:${operation}`, count, ...more });
  const lists = (origins: readonly Origin[], views = asked('GET', 60)): IncidentChange => group(opening(burning({ service: 'lists', origins })), [burning({ service: 'views', origins: [views] })]);

  test('of one caller that wait for one dependency have one cause, whatever they asked of it', () => {
    const change = lists([asked('MGET', 30), asked('GET', 28), { ...elsewhere('lists', 2), kind: 'slow' }]);
    expect(news(change)).toEqual(['updated inc-views']);
    expect(change.incidents[0]!.causes).toMatchObject([{ rule: 'same-origin', place: { service: 'redis' }, shares: [{ explained: 58, examined: 60 }, { explained: 60, examined: 60 }] }]);
    expect(change.transitions[0]!.news).toContain('58 of 60 bad events of "The lists works" and 60 of 60 of "The views works" spent most of the extra time in redis, mostly in MGET');
  });

  test.each([
    ['another caller', [asked('MGET', 60, { caller: 'lists' })]],
    ['another dependency of the same kind', [asked('MGET', 60, { address: 'sessions:6379' })]],
    ['another kind of dependency on the same host', [asked('MGET', 60, { service: 'memcached' })]],
    ['calls that failed', [asked('MGET', 60, { kind: 'failed' })]],
    ['too few of them there', [asked('MGET', 40), { ...elsewhere('lists', 20), kind: 'slow' } as const]],
  ])('%s is another cause', (_, origins) => {
    expect(news(lists(origins))).toEqual(['opened inc-lists']);
  });

  test('need the same operation where nobody knows whom they called', () => {
    const unknown = ({ address: _, ...origin }: Origin): Origin => origin;
    expect(news(lists([unknown(asked('MGET', 60))], unknown(asked('GET', 60))))).toEqual(['opened inc-lists']);
    expect(news(lists([unknown(asked('GET', 60))], unknown(asked('GET', 60))))).toEqual(['updated inc-views']);
  });
});

describe('an alert on an error signature', () => {
  const id = 'inc-error' as IncidentId;
  /** About the error with which requests fail in the bank; of what shows it only the name is needed. */
  function alerted({ signature = BANK.key, atMs = T0, ...changes }: { readonly signature?: string; readonly atMs?: number } & Partial<Incident> = {}): Incident {
    const labels = { alertname: 'ErrorSignature', rule: 'new-errors', signature, service: 'bank', severity: changes.severity ?? 'page' };
    const alert = sampleAlert({ incidentId: id, id: alertIdOf(labels), severity: changes.severity ?? 'page', labels: { ...labels, incident: id }, annotations: { summary: 'BankTimeout in bank POST /charge: 4 in 5 min' }, reading: undefined });
    return sampleIncident({ id, key: `signature:${signature}`, title: 'BankTimeout in bank POST /charge', startedAtMs: atMs, alerts: [alert], evidence: undefined, timeline: [], ...changes });
  }

  test('that paged first is joined by the SLO that it breaks: one fault is one page, and says who burned the budget', () => {
    const ledger = [{ service: 'bank', operation: 'POST /charge', version: '', events: 57, share: 1, budget: 0.1 }];
    const late = burning({ service: 'shop', atMs: T0 + MINUTE_MS });
    const open = alerted({ evidence: { ...sampleIncident().evidence!, takenAtMs: T0, origins: [BANK] } });
    const change = group(opening({ ...late, evidence: { ...late.evidence!, ledger } }), [open], T0 + MINUTE_MS);
    expect(news(change)).toEqual(['updated inc-error']);
    expect(change.incidents[0]).toMatchObject({ alerts: [{ labels: { alertname: 'ErrorSignature' } }, { labels: { slo: 'shop-availability', incident: id } }], evidence: { takenAtMs: T0, ledger } });
    expect(change.transitions[0]!.news).toBe('"The shop works" joins: 57 of 60 bad events of "The shop works" began in bank POST /charge with the error that was alerted on (BankTimeout).');
  });

  test('that opened as a ticket becomes the page of the SLO', () => {
    const change = group(opening(burning({ service: 'shop', atMs: T0 + MINUTE_MS })), [alerted({ severity: 'ticket' })], T0 + MINUTE_MS);
    expect(news(change)).toEqual(['upgraded inc-error']);
  });

  test('at the moment at which the SLO pages is part of it', () => {
    expect(news(group(opening(alerted(), burning({ service: 'shop' }))))).toEqual(['opened inc-shop']);
  });

  test('joins the SLO whose bad events all begin at its place, also where it is the rarer error there', () => {
    const rarer: Origin = { ...BANK, key: 'v1:refused', what: 'BankRefused', count: 12 };
    const open = burning({ service: 'shop', origins: [{ ...BANK, count: 46 }, rarer, elsewhere('shop', 2)] });
    const change = group(opening(alerted({ signature: rarer.key, atMs: T0 + MINUTE_MS })), [open], T0 + MINUTE_MS);
    expect(news(change)).toEqual(['updated inc-shop']);
    expect(change.transitions[0]!.news).toContain('58 of 60 bad events of "The shop works" began in bank POST /charge, 12 of them with the error that was alerted on (BankRefused)');
  });

  test('goes by the name that its traces have now, where a better normaliser gave it another', () => {
    const open = alerted({ signature: 'v0:bank', evidence: { ...sampleIncident().evidence!, takenAtMs: T0, origins: [BANK] } });
    expect(news(group(opening(burning({ service: 'shop', atMs: T0 + MINUTE_MS })), [open], T0 + MINUTE_MS))).toEqual(['updated inc-error']);
  });

  test.each([
    ['fail otherwise as well', [{ ...BANK, count: 40 }, elsewhere('shop', 20)]],
    ['fail elsewhere', [elsewhere('shop', 60)]],
    ['fail at its place with another error', [{ ...BANK, key: 'v1:other' }]],
  ])('pages on its own where requests %s', (_, origins) => {
    const late = alerted({ atMs: T0 + MINUTE_MS });
    expect(news(group(opening(late), [burning({ service: 'shop', origins })], T0 + MINUTE_MS))).toEqual(['opened inc-error']);
  });

  test('that has ended draws nobody into its incident', () => {
    const [alert] = alerted().alerts;
    const open = alerted({ alerts: [{ ...alert!, status: 'resolved', endsAtMs: T0 }, sampleAlert({ incidentId: id, labels: { alertname: 'Posted' }, reading: undefined })] });
    expect(news(group(opening(burning({ service: 'shop', atMs: T0 + MINUTE_MS })), [open], T0 + MINUTE_MS))).toEqual(['opened inc-shop']);
  });
});

describe('an alert that begins with a handful of failures', () => {
  const few = (service: string, examined: number, more: Partial<Story> = {}): Incident => burning({ service, examined, badEvents: examined, origins: [{ ...BANK, count: examined }], ...more });

  test('joins where they are all that there are, and each is explained', () => {
    const change = group(opening(few('front', 3, { atMs: T0 + MINUTE_MS })), [few('shop', 4)], T0 + MINUTE_MS);
    expect(news(change)).toEqual(['updated inc-shop']);
    expect(change.incidents[0]!.causes).toMatchObject([{ rule: 'same-origin', shares: [{ explained: 3, examined: 3, all: true }, { explained: 4, examined: 4, all: true }] }]);
  });

  test.each([
    ['one of them is not explained', few('front', 6, { origins: [{ ...BANK, count: 5 }, elsewhere('front', 1)] })],
    ['there are others that were not looked at', few('front', 6, { badEvents: 7 })],
    ['two may be one request that was tried again', few('front', 2)],
    ['they are slow, and where they were slow is inferred', few('front', 6, { origins: [{ ...BANK, count: 6, kind: 'slow' }] })],
    ['an older version did not say how many there were', few('front', 6, { badEvents: undefined as unknown as number })],
  ])('pages on its own where %s', (_, incident) => {
    const slow = incident.evidence!.origins![0]!.kind === 'slow';
    expect(news(group(opening(incident), [few('shop', 6, slow ? { origins: [{ ...BANK, count: 6, kind: 'slow' }] } : {})]))).toEqual(['opened inc-front']);
  });
});

describe('what traces do not explain pages on its own', () => {
  test.each([
    ['another error at another place', [elsewhere('shop', 60)], 60],
    ['the same error for too few of them', [{ ...BANK, count: 40 }, elsewhere('shop', 20)], 60],
    ['too few events to tell', [{ ...BANK, count: 9 }], 9],
    ['no traces', [], 0],
  ])('%s', (_, origins, examined) => {
    const change = group(opening(burning({ service: 'front' }), burning({ service: 'shop', origins, examined })));
    expect(news(change)).toEqual(['opened inc-front', 'opened inc-shop']);
  });

  test('a service that calls one which itself suffers from another', () => {
    const open = burning({ service: 'bank', origins: [elsewhere('postgres', 60)] });
    const change = group(opening(burning({ service: 'front', atMs: T0 + MINUTE_MS })), [open], T0 + MINUTE_MS);
    expect(news(change)).toEqual(['opened inc-front']);
  });

  test('what has ended in an incident draws nobody into it', () => {
    const open = group(opening(burning({ service: 'bank', origins: [elsewhere('postgres', 60)] }))).incidents[0]!;
    const ended: Incident = { ...open, causes: [{ rule: 'person', place: undefined, shares: [], words: '', atMs: T0, alertIds: [], from: undefined, subject: { slo: 'old-availability', service: 'old', examined: 60, origins: [BANK] }, traces: [] }] };
    const change = group(opening(burning({ service: 'front', atMs: T0 + MINUTE_MS })), [ended], T0 + MINUTE_MS);
    expect(news(change)).toEqual(['opened inc-front']);
  });
});

test('two incidents that were told apart become one once there is proof: the younger one ends, the older one has it all', () => {
  const older = burning({ service: 'front' });
  const younger = burning({ service: 'shop', atMs: T0 + MINUTE_MS, changes: { status: 'acknowledged', acknowledgedBy: 'ann' } });
  const nowMs = T0 + 10 * MINUTE_MS;
  const proven = { ...older, evidence: { ...older.evidence!, takenAtMs: nowMs } };
  const change = group({ incidents: [proven], transitions: [{ kind: 'updated', incident: proven, atMs: nowMs }] }, [older, younger], nowMs);
  expect(change.incidents.find(({ id }) => id === 'inc-shop')).toMatchObject({ status: 'resolved', mergedInto: 'inc-front', alerts: [{ status: 'resolved', endsAtMs: nowMs }] });
  const target = change.incidents.find(({ id }) => id === 'inc-front')!;
  expect(target).toMatchObject({ status: 'acknowledged', acknowledgedBy: 'ann', causes: [{ from: 'inc-shop' }] });
  expect(target.alerts.map(({ status }) => status)).toEqual(['firing', 'firing']);
  expect(news(change)).toEqual(['updated inc-front', 'resolved inc-shop', 'updated inc-front']);
});

test('a page is not told again because it has one cause with an older ticket: the ticket ends in it, and who took the ticket has not taken the page', () => {
  const ticket = burning({ service: 'front', changes: { severity: 'ticket', status: 'acknowledged', acknowledgedBy: 'ann' } });
  const page = burning({ service: 'shop', atMs: T0 + MINUTE_MS });
  const nowMs = T0 + 2 * MINUTE_MS;
  for (const proven of [ticket, page].map((incident) => ({ ...incident, evidence: { ...incident.evidence!, takenAtMs: nowMs } }))) {
    const change = group({ incidents: [proven], transitions: [] }, [ticket, page], nowMs);
    expect(news(change)).toEqual(['resolved inc-front', 'updated inc-shop']);
    expect(change.incidents.find(({ id }) => id === 'inc-shop')).toMatchObject({ status: 'open', severity: 'page', causes: [{ from: 'inc-front' }] });
  }
});

test('what was looked for beside the ticks groups as well, though it was found before it is attached', () => {
  const older = burning({ service: 'front' });
  const younger = burning({ service: 'shop', atMs: T0 + MINUTE_MS });
  const late = { ...younger, evidence: { ...younger.evidence!, takenAtMs: T0 + 2 * MINUTE_MS } };
  const change = group({ incidents: [late], transitions: [{ kind: 'updated', incident: late, atMs: T0 + 3 * MINUTE_MS }] }, [older, { ...younger, evidence: undefined }], T0 + 3 * MINUTE_MS);
  expect(change.incidents.find(({ id }) => id === 'inc-shop')).toMatchObject({ mergedInto: 'inc-front' });
  expect(group({ incidents: [late], transitions: [] }, [older, late], T0 + 4 * MINUTE_MS).incidents).toEqual([late]);
});
