import { expect, test } from 'vitest';
import { alertIdOf } from '../incident/condition-signal.js';
import type { Incident } from '../incident/incident.js';
import { sampleAlert, sampleIncident, SAMPLE_START_MS as T0 } from '../incident/sample-incident.js';
import type { Silence } from '../incident/silence.js';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { IncidentId, SilenceId } from '../lib/ids.js';
import { bindRules } from '../notify/bind-rules.js';
import { routingOf } from '../notify/sample-routing.js';
import { compareRouting, replayRouting } from './what-if.js';

const RECEIVERS = `
receivers:
  - { name: team, webhook_configs: [{ url: 'http://127.0.0.1:9/team' }] }
  - { name: night, webhook_configs: [{ url: 'http://127.0.0.1:9/night' }] }
  - { name: nobody }
`;
const TEAM = routingOf(`route: { receiver: team, group_by: [incident], group_wait: 0s, group_interval: 1m, repeat_interval: 1h }\n${RECEIVERS}`);
const SPLIT = routingOf(`
route: { receiver: team, group_by: [incident], group_wait: 5m, group_interval: 1m, repeat_interval: 4h, routes: [{ matchers: [service=mail], receiver: night }, { matchers: [service=toy], receiver: nobody }] }
${RECEIVERS}`);

/** From minute to minute. */
function past(service: string, [from, to]: readonly [number, number?]): Incident {
  const id = `inc-${service}` as IncidentId;
  const labels = { alertname: 'Burn', service, severity: 'page', incident: id };
  const endsAtMs = to === undefined ? undefined : T0 + to * MINUTE_MS;
  const alert = sampleAlert({ incidentId: id, id: alertIdOf(labels), labels, startsAtMs: T0 + from * MINUTE_MS, endsAtMs, status: to === undefined ? 'firing' : 'resolved' });
  return sampleIncident({ id, key: service, startedAtMs: T0 + from * MINUTE_MS, endedAtMs: endsAtMs, status: to === undefined ? 'open' : 'resolved', alerts: [alert] });
}

const history = (incidents: readonly Incident[], silences: readonly Silence[] = []): Parameters<typeof replayRouting>[0] => ({ incidents, silences, fromMs: T0, toMs: T0 + 6 * HOUR_MS });
const told = (incidents: readonly Incident[], routing = TEAM, silences: readonly Silence[] = []): string[] =>
  replayRouting(history(incidents, silences), routing).map(({ atMs, receiver, kind }) => `${String((atMs - T0) / MINUTE_MS)} ${receiver} ${kind}`);

test('the past is told again with its waits, repeats and ends', () => {
  expect(told([past('shop', [10, 85])])).toEqual(['10 team opened', '71 team repeated', '85 team resolved']);
  expect(told([past('shop', [10, 13])], SPLIT)).toEqual([]);
  expect(told([past('shop', [10, 18])], SPLIT)).toEqual(['15 team opened', '18 team resolved']);
});

test('silences of that time hold back what they held back', () => {
  const silence: Silence = { id: 'sil-1' as SilenceId, matchers: [{ name: 'service', value: 'shop', isRegex: false, isEqual: true }], startsAtMs: T0, endsAtMs: T0 + 30 * MINUTE_MS, updatedAtMs: T0, createdBy: 'ann', comment: 'deploy' };
  expect(told([past('shop', [10, 40])], TEAM, [silence])).toEqual(['30 team opened', '40 team resolved']);
});

test('what began before the stretch is known and not counted', () => {
  const incidents = [past('shop', [-30, 20])];
  expect(told(incidents)).toEqual(['20 team resolved']);
});

test('two files differ by receiver and by incident, and what nobody would hear of is counted', () => {
  const difference = compareRouting(history([past('shop', [10, 13]), past('mail', [20, 40]), past('toy', [50, 60]), past('cart', [70])]), TEAM, SPLIT);
  expect(difference.receivers).toEqual([
    { receiver: 'night', loudBefore: 0, loudAfter: 1, otherBefore: 0, otherAfter: 1 },
    { receiver: 'team', loudBefore: 8, loudAfter: 2, otherBefore: 3, otherAfter: 0 },
  ]);
  expect(difference.incidents.map(({ incident: { id }, before, after }) => [id, before, after])).toEqual([['inc-shop', ['team'], []], ['inc-mail', ['team'], ['night']], ['inc-toy', ['team'], []]]);
  expect(difference.lost).toBe(2);
});

/** Nobody takes it: `night` is called after five minutes and again ten later; who has it is reminded every half hour. */
const CALLING = bindRules(TEAM, {
  receivers: [], persons: [],
  escalations: [{
    name: 'pages', receivers: ['team'], severity: 'page', repeat: 0, during: [], remindAcknowledgedMs: 30 * MINUTE_MS, at: { file: 'rules/escalation.yaml', line: 1, column: 1 },
    steps: [{ afterMs: 5 * MINUTE_MS, receivers: ['night'], persons: [], during: [] }, { afterMs: 10 * MINUTE_MS, receivers: ['night'], persons: [], during: [] }],
  }],
});
const did = (incident: Incident, kind: 'acknowledged' | 'upgraded', minute: number): Incident => ({ ...incident, timeline: [...incident.timeline, { atMs: T0 + minute * MINUTE_MS, kind, actor: 'ann', text: kind }] });

test('escalations call whom they would have called, until somebody took it', () => {
  expect(told([past('shop', [10, 40])], CALLING)).toEqual(['10 team opened', '15 night escalated', '25 night escalated', '40 team resolved', '40 night resolved']);
  expect(told([did(past('shop', [10, 60]), 'acknowledged', 18)], CALLING)).toEqual([
    '10 team opened', '15 night escalated', '18 team acknowledged', '18 night acknowledged', '48 team repeated', '48 night repeated', '60 team resolved', '60 night resolved',
  ]);
  expect(told([did(past('shop', [10, 30]), 'acknowledged', 12)], CALLING)).toEqual(['10 team opened', '12 team acknowledged', '30 team resolved']);
});

test('a ticket that became a page was a ticket before', () => {
  const pages = routingOf(`route: { receiver: nobody, group_by: [incident], group_wait: 0s, routes: [{ matchers: [severity=page], receiver: team }] }\n${RECEIVERS}`);
  const risen = did(past('shop', [10, 40]), 'upgraded', 20);
  expect(told([risen], pages)).toEqual(['20 team opened', '40 team resolved']);
  expect(told([risen], CALLING)).toEqual(['10 team opened', '20 team upgraded', '25 night escalated', '35 night escalated', '40 team resolved', '40 night resolved']);
});
