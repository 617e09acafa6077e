import { expect, test } from 'vitest';
import { slackLines, slackLinks } from './slack-text.js';

const MESSAGE = {
  text: 'fallback',
  blocks: [
    { type: 'header', text: { type: 'plain_text', text: 'PAGE: Checkout works' } },
    { type: 'section', text: { type: 'mrkdwn', text: '*Burning 21x* &amp; rising\n<http://127.0.0.1:4400/incidents/i-1|incident>' }, fields: [{ type: 'mrkdwn', text: '*Budget*\n71 %' }] },
    { type: 'context', elements: [{ type: 'mrkdwn', text: 'since 10:01' }, { type: 'mrkdwn', text: 'owner _payments_' }] },
    { type: 'actions', elements: [{ type: 'button', text: { type: 'plain_text', text: 'Acknowledge' }, url: 'http://127.0.0.1:4400/incidents/i-1?a=1&b=2' }] },
    { type: 'image', image_url: 'https://elsewhere.example/a.png' },
  ],
};

test('a message becomes lines that read like the message, without its marks', () => {
  expect(slackLines(MESSAGE)).toEqual([
    '', 'PAGE: Checkout works', 'Burning 21x & rising', 'incident (http://127.0.0.1:4400/incidents/i-1)', 'Budget', '71 %',
    'since 10:01  owner payments', '[ Acknowledge ]',
  ]);
});

test('a message without blocks shows its text', () => {
  expect(slackLines({ text: 'a < b\n*bold*'.replace('<', '&lt;') })).toEqual(['a < b', 'bold']);
});

test('a date that Slack would show in local time is shown as its fallback', () => {
  expect(slackLines({ text: 'Since <!date^1795143845^{date_short_pretty} {time}|2026-11-20 03:04 UTC>, still' })).toEqual(['Since 2026-11-20 03:04 UTC, still']);
});

test('every address is found once: in marks, in buttons, in images', () => {
  expect(slackLinks(MESSAGE)).toEqual(['http://127.0.0.1:4400/incidents/i-1', 'http://127.0.0.1:4400/incidents/i-1?a=1&b=2', 'https://elsewhere.example/a.png']);
});
