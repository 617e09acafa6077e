import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Evidence, RepresentativeTrace } from '../diagnosis/evidence.js';
import type { PatternFinding } from '../diagnosis/pattern/pattern.js';
import { sampleAlert, sampleIncident } from '../incident/sample-incident.js';
import { MINUTE_MS } from '../lib/duration.js';
import type { IncidentId } from '../lib/ids.js';
import { sampleDelivery, sampleNotification } from './sample-delivery.js';
import { blocksTextLength, type SlackBlock } from './slack-blocks.js';
import { BLOCKS_TEXT_MAX } from './slack-limits.js';
import { incidentMessage, threadReply } from './slack-message.js';
import { codeSpan, escapeText, link, shorten } from './slack-mrkdwn.js';
import { runbookExcerpt } from './slack-runbook-excerpt.js';
import { checkMessage } from './stand-in/slack-checks.js';

const KINDS = ['opened', 'upgraded', 'updated', 'acknowledged', 'resolved'] as const;

test.each(KINDS)('the message of an incident that was %s reads like this', async (kind) => {
  const notification = sampleNotification(kind);
  const shown = { message: incidentMessage(notification), reply: threadReply(notification) };
  await expect(`${JSON.stringify(shown, undefined, 2)}\n`).toMatchFileSnapshot(`golden/slack-${kind}.json`);
});

describe('an incident that lacks something', () => {
  test('still makes a message that says so', () => {
    const bare = sampleIncident({ evidence: undefined, alerts: [] });
    const message = incidentMessage(sampleNotification('opened', { delivery: sampleDelivery('opened', bare), runbook: undefined }));
    expect(message.text).toBe('🔴 Page: Checkout works');
    expect(textOf(message.blocks)).toContain('there is none yet');
    expect(textOf(message.blocks)).not.toMatch(/undefined|Traces|Error:/);
    expect(checkMessage({ ...message })).not.toHaveProperty('error');
  });

  test('an update without news leaves the thread alone', () => {
    expect(threadReply(sampleNotification('updated'))).toBeUndefined();
    const { delivery } = sampleNotification('updated');
    expect(threadReply(sampleNotification('updated', { delivery: { ...delivery, transition: { ...delivery.transition, news: 'The error budget is spent.' } } }))).toEqual({ text: '📉 The error budget is spent.', broadcast: false });
  });
});

describe('news that is told to the channel as well', () => {
  test.each(['upgraded', 'escalated', 'repeated', 'unmuted'] as const)('begins with what it is about: %s', (kind) => {
    const { delivery } = sampleNotification(kind);
    const incident = { ...delivery.transition.incident, title: '"Payment works" <is> failing' };
    const reply = threadReply(sampleNotification(kind, { delivery: { ...delivery, transition: { ...delivery.transition, incident } } }));
    expect(reply).toEqual({ broadcast: true, text: expect.stringMatching(/^🔴 \*Page: "Payment works" &lt;is&gt; failing\*\n\S/) });
  });
});

describe('how long it has gone on', () => {
  const times = (atMs: number, historyMs?: number): string => {
    const { delivery } = sampleNotification('updated');
    const { incident } = delivery.transition;
    const alerts = incident.alerts.map((alert) => ({ ...alert, ...(alert.reading === undefined || historyMs === undefined ? {} : { reading: { ...alert.reading, historyMs } }) }));
    return textOf(incidentMessage(sampleNotification('updated', { delivery: { ...delivery, transition: { ...delivery.transition, atMs, incident: { ...incident, alerts } } } })).blocks.slice(1, 2));
  };
  test('is said from the first minute on, and of a young service what happened since it is known', () => {
    const began = sampleIncident().startedAtMs;
    expect(times(began + 3_000)).not.toContain(', for');
    expect(times(began + 12 * MINUTE_MS)).toContain(', for 12 min. 57 of 2,714 went wrong in the last 60 min');
    expect(times(began + 3_000, MINUTE_MS)).toContain('57 of 2,714 went wrong in the last minute');
  });
});

describe('an incident that goes on in another', () => {
  const merged = sampleIncident({ status: 'resolved', endedAtMs: sampleIncident().startedAtMs + MINUTE_MS, mergedInto: 'inc-other' as IncidentId, timeline: [{ atMs: 0, kind: 'resolved', actor: 'tocsin', text: 'Goes on in inc-other: one cause.' }] });
  const notification = sampleNotification('resolved', { delivery: sampleDelivery('resolved', merged) });

  test('is not called resolved, and its button opens the other', () => {
    const message = incidentMessage(notification);
    expect(message.text).toContain('➡️ Part of inc-other now: Checkout works');
    expect(textOf(message.blocks)).toContain('https://tocsin.example/incidents/inc-other');
    expect(textOf(message.blocks)).not.toMatch(/Resolved|From /);
    expect(threadReply(notification)).toEqual({ text: '➡️ Goes on in inc-other: one cause.', broadcast: false });
  });
});

describe('a known pattern of trouble', () => {
  const pattern: PatternFinding = {
    kind: 'third-party', service: 'payment', operation: 'POST', peer: 'pay.example.com', words: 'Calls from payment to pay.example.com fail (HTTP 503); pay.example.com sends no spans of its own', affected: 41, of: 57, healthyAffected: 2, healthyOf: 60, explains: true, traces: [],
  };
  const told = (patterns: readonly PatternFinding[]): string => textOf(incidentMessage(sampleNotification('opened', { delivery: sampleDelivery('opened', sampleIncident({ evidence: { ...sampleIncident().evidence!, patterns } })) })).blocks);

  test('is a line where it explains the incident, and none where healthy requests have it as well', () => {
    expect(told([{ ...pattern, kind: 'fan-out', explains: false }, pattern])).toContain('*Failing third party:* Calls from payment to pay.example.com fail (HTTP 503); pay.example.com sends no spans of its own (41 of 57, 2 of 60 healthy)');
    expect(told([{ ...pattern, explains: false }])).not.toContain('third party');
  });
});

describe('text from outside', () => {
  test('cannot ping, link or break out of a code span', () => {
    expect(escapeText('<!channel> & <@U1> @here `code`\nnext')).toBe('&lt;!channel&gt; &amp; &lt;@U1&gt; @\u2060here ˋcodeˋ next');
    expect(codeSpan('a`b <!here>')).toBe('`aˋb &lt;!here&gt;`');
    expect(link('https://x/?a=1&b=<2>|3', 'a|b>c')).toBe('<https://x/?a=1&amp;b=%3C2%3E%7C3|a∣b&gt;c>');
  });

  test('whatever it is, the message is within Slack\'s limits and holds nothing but our own links and dates', () => {
    const nasty = fc.oneof(fc.string({ maxLength: 50 }), fc.string({ unit: 'grapheme', maxLength: 4_000 }), fc.constantFrom('<!channel>', '<@U123>', '```', '<https://evil|x>', '@everyone', '\u0000', '🔥'.repeat(2_000), '&'.repeat(4_000)))
      .map((text) => (text.length % 3 === 0 ? `${text}<!everyone>` : text));
    fc.assert(fc.property(fc.record({ title: nasty, summary: nasty, suspect: nasty, message: nasty, reason: nasty, name: nasty, owner: nasty, runbook: nasty, who: nasty }), (text) => {
      const before = sampleIncident();
      const trace = before.evidence!.traces[0]!;
      const evidence: Evidence = {
        ...before.evidence!, suspect: text.suspect, signature: { ...before.evidence!.signature!, message: text.message, operation: text.name, service: text.reason },
        traces: Array.from({ length: 8 }, (): RepresentativeTrace => ({ ...trace, reason: text.reason, rootName: text.name, rootService: text.owner })),
      };
      const alert = sampleAlert({ incidentId: before.id, annotations: { summary: text.summary }, labels: { slo: text.name, owner: text.owner, service: text.suspect } });
      const incident = sampleIncident({ title: text.title, evidence, alerts: [alert], acknowledgedBy: text.who, timeline: KINDS.map((kind) => ({ atMs: 0, kind, actor: text.who, text: text.summary })) });
      for (const kind of KINDS) {
        const notification = sampleNotification(kind, { delivery: sampleDelivery(kind, incident), runbook: { title: text.title, url: 'https://tocsin.example/r', markdown: `${text.runbook}\n- ${text.summary}\n## ${text.name}` } });
        const message = incidentMessage(notification);
        expect(checkMessage({ ...message })).not.toHaveProperty('error');
        expect(blocksTextLength(message.blocks)).toBeLessThanOrEqual(BLOCKS_TEXT_MAX);
        const reply = threadReply(notification);
        for (const mrkdwn of [message.text, reply?.text ?? '', ...mrkdwnOf(message.blocks)]) {
          for (const [control] of mrkdwn.matchAll(/<[^>]*>/g)) expect(control).toMatch(/^<(https:\/\/tocsin\.example\/|!date\^)/);
        }
      }
    }), { numRuns: 60 });
  });

  test('is cut between characters', () => {
    expect(shorten('ab🔥cd', 4)).toBe('ab…');
    expect(shorten('abcd', 4)).toBe('abcd');
  });
});

describe('the first lines of a runbook', () => {
  test('come as Slack can show them', () => {
    expect(runbookExcerpt('---\ntitle: x\n---\n# Title\n\nFirst **do** this <b>.\n\n```sh\nls\n```\n- one [link](https://x.example/?a=1&b=2)\n## Next\nlast\n## Over')).toEqual([
      'First *do* this &lt;b&gt;.', 'ls', '• one <https://x.example/?a=1&amp;b=2|link>', '*Next*', 'last',
    ]);
  });

  test('are few and short', () => {
    const lines = runbookExcerpt(Array.from({ length: 50 }, () => 'word '.repeat(500)).join('\n'));
    expect(lines).toHaveLength(6);
    for (const line of lines) expect(line.length).toBeLessThan(210);
  });
});

function mrkdwnOf(blocks: readonly SlackBlock[]): string[] {
  return blocks.flatMap((block) => (block.type === 'section' ? [block.text.text] : block.type === 'context' ? block.elements.map(({ text }) => text) : []));
}

function textOf(blocks: readonly SlackBlock[]): string {
  return JSON.stringify(blocks);
}
