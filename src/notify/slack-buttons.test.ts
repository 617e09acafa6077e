import { describe, expect, test } from 'vitest';
import type { PersonRule } from '../config/escalation.js';
import { sampleIncident } from '../incident/sample-incident.js';
import { SECOND_MS } from '../lib/duration.js';
import { sampleNotification } from './sample-delivery.js';
import { incidentMessage } from './slack-message.js';
import { carryOut } from './slack-presses.js';
import { pressValueOf, readPress, type Press } from './slack-press.js';
import { SIGNATURE_WINDOW_MS, slackSignature, SlackSignatures } from './slack-signature.js';
import { checkMessage } from './stand-in/slack-checks.js';

const NOW = 1_531_420_618_000;
// The example of Slack's own documentation.
const EXAMPLE = {
  secret: '8f742231b10e8888abcd99yyyzzz85a5', timestamp: '1531420618', signature: 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  body: Buffer.from('token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c'),
};

describe('a request is Slack\'s', () => {
  const verify = (changes: Partial<typeof EXAMPLE> = {}, nowMs = NOW): string => new SlackSignatures(EXAMPLE.secret).verify({ ...EXAMPLE, ...changes }, nowMs);

  test('when its signature is the one of its bytes', () => {
    expect(verify()).toBe('genuine');
  });

  test.each([
    ['another byte', { body: Buffer.concat([EXAMPLE.body, Buffer.from('x')]) }, 'forged'], ['another signature', { signature: EXAMPLE.signature.replace('a2', 'a3') }, 'forged'],
    ['a signature of another length', { signature: 'v0=00' }, 'forged'], ['another moment', { timestamp: '1531420619' }, 'forged'], ['no signature', { signature: '' }, 'unsigned'], ['no moment', { timestamp: 'now' }, 'unsigned'],
  ])('and not with %s', (_name, changes, verdict) => {
    expect(verify(changes)).toBe(verdict);
  });

  test.each([[SIGNATURE_WINDOW_MS, 'genuine'], [SIGNATURE_WINDOW_MS + SECOND_MS, 'stale'], [-SIGNATURE_WINDOW_MS, 'genuine'], [-SIGNATURE_WINDOW_MS - SECOND_MS, 'stale']])('seen %d ms later: %s', (laterMs, verdict) => {
    expect(verify({}, NOW + laterMs)).toBe(verdict);
  });

  test('only once', () => {
    const signatures = new SlackSignatures(EXAMPLE.secret);
    expect([signatures.verify(EXAMPLE, NOW), signatures.verify(EXAMPLE, NOW + SIGNATURE_WINDOW_MS)]).toEqual(['genuine', 'replayed']);
  });

  test('and a flood is held up until the window has passed', () => {
    const signatures = new SlackSignatures('s');
    const signed = (index: number, atMs: number): string => {
      const [timestamp, body] = [String(atMs / SECOND_MS), Buffer.from(String(index))];
      return signatures.verify({ body, timestamp, signature: slackSignature('s', timestamp, body) }, atMs);
    };
    const verdicts = Array.from({ length: 1_001 }, (_, index) => signed(index, NOW));
    expect([verdicts.filter((verdict) => verdict === 'genuine').length, verdicts.at(-1)]).toEqual([1_000, 'too-many']);
    expect(signed(2_000, NOW + SIGNATURE_WINDOW_MS + SECOND_MS)).toBe('genuine');
  });
});

const INCIDENT = sampleIncident();
const bodyOf = (payload: unknown): Buffer => Buffer.from(new URLSearchParams({ payload: JSON.stringify(payload) }).toString());
const payload = { type: 'block_actions', user: { id: 'U1' }, channel: { id: 'C1' }, actions: [{ action_id: 'resolve', value: pressValueOf(INCIDENT.id) }] };

test('a press says who, where, what, and which incident; links and other news of Slack are none', () => {
  expect(readPress(bodyOf(payload))).toEqual({ action: 'resolve', value: pressValueOf(INCIDENT.id), user: 'U1', channel: 'C1', responseUrl: undefined });
  for (const other of [{ ...payload, type: 'view_submission' }, { ...payload, actions: [{ action_id: 'open_incident' }] }, { ...payload, actions: [] }, { ...payload, actions: 'x' }, { ...payload, user: undefined }]) expect(readPress(bodyOf(other))).toBeUndefined();
  expect(readPress(Buffer.from('payload={'))).toBeUndefined();
});

test('buttons carry an opaque id, and go when there is nothing left to press', () => {
  const actions = (kind: 'opened' | 'acknowledged' | 'resolved', takesPresses = true): string[] => {
    const message = incidentMessage(sampleNotification(kind), { takesPresses });
    expect(checkMessage({ ...message })).not.toHaveProperty('error');
    return message.blocks.flatMap((block) => (block.type === 'actions' ? block.elements.flatMap((element) => ('value' in element ? [element.action_id] : [])) : []));
  };
  expect(actions('opened')).toEqual(['acknowledge', 'silence', 'resolve']);
  expect(actions('acknowledged')).toEqual(['silence', 'resolve']);
  expect(actions('resolved')).toEqual([]);
  expect(actions('opened', false)).toEqual([]);
  expect(pressValueOf(INCIDENT.id)).toMatch(/^btn-[0-9a-f]{32}$/);
});

describe('what is pressed', () => {
  const ANN: PersonRule = { name: 'ann', receiver: undefined, slackUser: 'U1', at: { file: 'a', line: 1, column: 1 } };
  async function pressed(press: Partial<Press> = {}): Promise<string[]> {
    const done: string[] = [];
    const act = (what: string) => (id: string, who: string): Promise<void> => Promise.resolve(void done.push(`${what} ${id} ${who}`));
    await carryOut({ action: 'acknowledge', value: pressValueOf(INCIDENT.id), user: 'U1', channel: 'C1', responseUrl: undefined, ...press }, {
      incidents: () => Promise.resolve([INCIDENT]), persons: () => [ANN], acknowledge: act('acknowledge'), resolve: act('resolve'), silence: act('silence'), whisper: (_press, text) => Promise.resolve(void done.push(text)),
    });
    return done;
  }

  test.each(['acknowledge', 'silence', 'resolve'] as const)('%s is done in the name of who pressed', async (action) => {
    expect(await pressed({ action })).toEqual([`${action} ${INCIDENT.id} ann`]);
  });

  test('by somebody whom nobody knows does nothing, and says what to do', async () => {
    expect(await pressed({ user: 'U9' })).toEqual([expect.stringContaining('slackUser: U9')]);
  });

  test('of an incident that is over, or of none, does nothing and says so', async () => {
    expect(await pressed({ value: 'btn-0' })).toEqual([expect.stringContaining('over')]);
  });
});
