import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startSlackStandIn, type SlackStandIn } from './http-slack-stand-in.js';
import { mrkdwnHtml } from './slack-mrkdwn-html.js';

let slack: SlackStandIn;
beforeEach(async () => { slack = await startSlackStandIn({ channels: ['#alerts'] }); });
afterEach(async () => { await slack.close(); });

interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly channel: string;
  readonly ts: string;
  readonly messages: { readonly text: string }[];
}

async function call(method: string, args: Record<string, unknown> = {}, headers: Record<string, string> = { authorization: 'Bearer xoxb-1' }): Promise<Answer> {
  const body = new URLSearchParams(Object.entries(args).map(([key, value]): [string, string] => [key, typeof value === 'string' ? value : JSON.stringify(value)]));
  return (await (await fetch(`${slack.apiUrl}${method}`, { method: 'POST', headers, body })).json()) as Answer;
}
const section = (text: string): unknown => ({ type: 'section', text: { type: 'mrkdwn', text } });

describe('tokens', () => {
  test('a bot token is needed', async () => {
    expect(await call('auth.test')).toMatchObject({ ok: true });
    expect(await call('auth.test', {}, {})).toEqual({ ok: false, error: 'not_authed' });
    expect(await call('auth.test', {}, { authorization: 'Bearer wrong' })).toEqual({ ok: false, error: 'invalid_auth' });
    expect(await call('auth.test', { token: 'xoxb-2' }, {})).toMatchObject({ ok: true });
  });
});

describe('messages', () => {
  test('forms and JSON are understood alike', async () => {
    const form = await call('chat.postMessage', { channel: '#alerts', text: 'by form', blocks: [section('x')] });
    const json = await (await fetch(`${slack.apiUrl}chat.postMessage`, {
      method: 'POST', headers: { authorization: 'Bearer xoxb-1', 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify({ channel: form.channel, text: 'by JSON', blocks: [section('x')] }),
    })).json() as Answer;
    expect(json).toMatchObject({ ok: true, channel: form.channel });
    expect(slack.messages().map(({ text, blocks }) => [text, blocks.length])).toEqual([['by form', 1], ['by JSON', 1]]);
    expect(Number(json.ts)).toBeGreaterThan(Number(form.ts));
  });

  test('an edit without blocks takes them away; threads are kept apart', async () => {
    const { channel, ts } = await call('chat.postMessage', { channel: 'alerts', text: 'parent', blocks: [section('x')] });
    await call('chat.update', { channel, ts, text: 'edited' });
    await call('chat.postMessage', { channel, thread_ts: ts, text: 'quiet' });
    await call('chat.postMessage', { channel, thread_ts: ts, text: 'loud', reply_broadcast: 'true' });
    expect(slack.messages()[0]).toMatchObject({ text: 'edited', blocks: [], edits: 1 });
    expect((await call('conversations.history', { channel })).messages.map(({ text }) => text)).toEqual(['loud', 'edited']);
    expect((await call('conversations.replies', { channel, ts })).messages.map(({ text }) => text)).toEqual(['edited', 'quiet', 'loud']);
  });

  test.each([
    ['chat.postMessage', { channel: '#nowhere', text: 'x' }, 'channel_not_found'],
    ['chat.postMessage', { channel: '#alerts' }, 'no_text'],
    ['chat.postMessage', { channel: '#alerts', text: 'x'.repeat(40_001) }, 'msg_too_long'],
    ['chat.postMessage', { channel: '#alerts', text: 'x', blocks: 'not json' }, 'invalid_blocks_format'],
    ['chat.postMessage', { channel: '#alerts', text: 'x', blocks: [{ type: 'nonsense' }] }, 'invalid_blocks'],
    ['chat.postMessage', { channel: '#alerts', text: 'x', blocks: [section('')] }, 'invalid_blocks'],
    ['chat.postMessage', { channel: '#alerts', text: 'x', blocks: [section('x'.repeat(3_001))] }, 'invalid_blocks'],
    ['chat.postMessage', { channel: '#alerts', text: 'x', blocks: Array.from({ length: 51 }, () => ({ type: 'divider' })) }, 'invalid_blocks'],
    ['chat.postMessage', { channel: '#alerts', text: 'x', blocks: Array.from({ length: 5 }, () => section('x'.repeat(2_900))) }, 'msg_blocks_too_long'],
    ['chat.postMessage', { channel: '#alerts', text: 'x', thread_ts: '1.000001' }, 'thread_not_found'],
    ['chat.update', { channel: '#alerts', ts: '1.000001', text: 'x' }, 'channel_not_found'],
    ['chat.delete', {}, 'unknown_method'],
  ])('%s %o is refused with %s', async (method, args, error) => {
    expect(await call(method, args)).toEqual({ ok: false, error });
    expect(slack.messages()).toEqual([]);
  });

  test('an edit of what is not there', async () => {
    const { channel } = await call('chat.postMessage', { channel: '#alerts', text: 'x' });
    expect(await call('chat.update', { channel, ts: '1.000001', text: 'x' })).toEqual({ ok: false, error: 'message_not_found' });
  });
});

describe('faults', () => {
  test('hit the next calls of their method, then heal', async () => {
    slack.failNext({ error: 'fatal_error' }, { method: 'chat.postMessage', times: 2 });
    expect(await call('auth.test')).toMatchObject({ ok: true });
    expect([await call('chat.postMessage', { channel: '#alerts', text: '1' }), await call('chat.postMessage', { channel: '#alerts', text: '2' })].map(({ error }) => error)).toEqual(['fatal_error', 'fatal_error']);
    expect(await call('chat.postMessage', { channel: '#alerts', text: '3' })).toMatchObject({ ok: true });
    slack.failNext({ status: 429, retryAfterSeconds: 4 }, { times: Number.POSITIVE_INFINITY });
    const limited = await fetch(`${slack.apiUrl}auth.test`, { method: 'POST' });
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '4']);
    slack.heal();
    expect(await call('auth.test')).toMatchObject({ ok: true });
  });

  test('accepted and cut: the message is there', async () => {
    slack.failNext({ acceptThenReset: true });
    await expect(call('chat.postMessage', { channel: '#alerts', text: 'kept' })).rejects.toThrow();
    expect(slack.messages()).toMatchObject([{ text: 'kept' }]);
  });
});

describe('the page', () => {
  test('shows messages, threads and edits, and nothing that was not meant as markup', async () => {
    const { channel, ts } = await call('chat.postMessage', {
      channel: '#alerts', text: 'x',
      blocks: [{ type: 'header', text: { type: 'plain_text', text: '🔴 <b>Head</b>' } }, section('*bold* &lt;script&gt; <https://x.example/?a=1&amp;b=2|go>'),
        { type: 'actions', elements: [{ type: 'button', text: { type: 'plain_text', text: 'Open' }, url: 'https://x.example/open', style: 'primary' }] }, { type: 'divider' }],
    });
    await call('chat.postMessage', { channel, thread_ts: ts, text: 'in the thread' });
    const page = await (await fetch(slack.url)).text();
    expect(page).toMatch(/<h3><svg class="emoji" role="img" aria-label="🔴".*<\/svg> &lt;b&gt;Head&lt;\/b&gt;<\/h3>/);
    expect(page).toContain('<strong>bold</strong> &lt;script&gt; <a href="https://x.example/?a=1&amp;b=2">go</a>');
    expect(page).toContain('<a class="button primary" href="https://x.example/open">Open</a>');
    expect(page).toContain('1 reply');
    expect(page).not.toContain('(edited)');
    await call('chat.update', { channel, ts, text: 'short now' });
    expect(await (await fetch(slack.url)).text()).toContain('(edited)');
  });

  test('asks for what is new, and gets nothing while nothing is', async () => {
    const fragment = await (await fetch(`${slack.url}fragment?revision=none`)).text();
    const revision = /data-revision="(\d+)"/.exec(fragment)?.[1];
    expect(await (await fetch(`${slack.url}fragment?revision=${revision ?? ''}`)).text()).toBe('');
    await call('chat.postMessage', { channel: '#alerts', text: 'x' });
    expect(await (await fetch(`${slack.url}fragment?revision=${revision ?? ''}`)).text()).toContain('#alerts');
    expect((await fetch(`${slack.url}nowhere`)).status).toBe(404);
  });
});

test.each([
  ['*a* _b_ ~c~ `d*e*` snake_case_name 2*3*4', '<strong>a</strong> <em>b</em> <s>c</s> <code>d*e*</code> snake_case_name 2*3*4'],
  ['&gt; one\n> two\nthree', '<blockquote>one<br>two</blockquote>three'],
  ['<!channel> <javascript:alert(1)|x> &amp;lt;', '<span class="mention">@channel</span> &lt;javascript:alert(1)|x&gt; &amp;lt;'],
  ['<!date^1795143845^{date_short_pretty} {time}|03:04 UTC>', '<time datetime="2026-11-20T03:04:05.000Z">03:04 UTC</time>'],
  ['<https://x.example/"onmouseover="|a>', '<a href="https://x.example/&quot;onmouseover=&quot;">a</a>'],
])('mrkdwn %s', (mrkdwn, html) => {
  expect(mrkdwnHtml(mrkdwn)).toBe(html);
});
