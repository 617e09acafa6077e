import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TransitionKind } from '../incident/incident.js';
import type { DeliveryResult } from './delivery.js';
import { notifierContract } from './notifier.contract.js';
import { sampleDelivery, sampleNotification } from './sample-delivery.js';
import { SmtpEmailNotifier, type EmailNotifierOptions } from './smtp-email-notifier.js';
import { startSmtpStandIn, type SmtpStandIn, type SmtpStandInOptions } from './stand-in/smtp-stand-in.js';

let mail: SmtpStandIn;
const open = async (options?: SmtpStandInOptions): Promise<void> => {
  await mail.close();
  mail = await startSmtpStandIn(options);
};
beforeEach(async () => { mail = await startSmtpStandIn(); });
afterEach(async () => { await mail.close(); });
const notifier = (changes: Partial<EmailNotifierOptions> = {}): SmtpEmailNotifier => new SmtpEmailNotifier({
  host: '127.0.0.1', port: mail.port, implicitTls: false, requireTls: false, hello: 'localhost', auth: undefined, from: 'Tocsin <tocsin@example.com>', to: ['ann@example.com', 'Bob <bob@example.com>'], ...changes,
});
const send = (kind: TransitionKind = 'opened', changes: Partial<EmailNotifierOptions> = {}): Promise<DeliveryResult> => notifier(changes).notify(sampleNotification(kind));
/** Quoted-printable as it was meant. */
const decoded = (source: string): string => source.replaceAll(/=\r\n/g, '').replaceAll(/=([0-9A-F]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

describe('SmtpEmailNotifier', () => {
  notifierContract(async () => ({
    build: (timeoutMs) => notifier({ timeoutMs }),
    failNext: (fault) => { mail.failNext('status' in fault ? { reply: `451 4.3.0 like HTTP ${String(fault.status)}` } : fault); },
    requests: () => mail.requests(),
    taken: () => mail.received().length,
    close: () => mail.close(),
  }), { knowsRetryAfter: false });
});

test('a mail says what a woken person asks, as text and as HTML', async () => {
  await send();
  const [received] = mail.received();
  expect(received).toMatchObject({ from: 'tocsin@example.com', to: ['ann@example.com', 'bob@example.com'] });
  const source = decoded(received?.source ?? '');
  expect(source).toMatch(/^Subject: Page: Checkout works: burning 21x/m);
  expect(source).toContain('https://tocsin.example/incidents/inc-20261120-030405-8e78');
  expect(source).toContain('<h2>Page: Checkout works</h2>');
  expect(source).toContain('Suspected cause: Failures start in payment');
  expect(source).toMatch(/^Auto-Submitted: auto-generated/m);
});

test('all mails of an incident are one thread, and each has an id of its own that a repeat keeps', async () => {
  mail.failNext({ acceptThenReset: true });
  await send('opened');
  await notifier().notify(sampleNotification('opened', { delivery: { ...sampleDelivery('opened'), ambiguous: true } }));
  await send('resolved');
  const headers = mail.received().map(({ source }) => [/^Message-ID: (.*)$/m.exec(source)?.[1], /^References: (.*)$/m.exec(source)?.[1]]);
  const thread = '<inc-20261120-030405-8e78@tocsin.example>';
  expect(headers).toEqual([['<dlv-sample-opened@tocsin.example>', thread], ['<dlv-sample-opened@tocsin.example>', thread], ['<dlv-sample-resolved@tocsin.example>', thread]]);
  expect(mail.received().map(({ source }) => decoded(source).includes('Sent again'))).toEqual([false, true, false]);
});

test('what others wrote is no HTML', async () => {
  await notifier().notify(sampleNotification('opened', { delivery: sampleDelivery('opened', { title: '<img src=x onerror=alert(1)>\r\nBcc: eve@example.com' }) }));
  const source = decoded(mail.received()[0]?.source ?? '');
  expect(source).toContain('&lt;img src=x');
  expect(source).not.toMatch(/^Bcc:/m);
  expect(mail.received()[0]?.to).toHaveLength(2);
});

describe('a mail server', () => {
  test('that says 5xx is not asked again', async () => {
    mail.failNext({ reply: '554 5.7.1 looks like spam' });
    expect(await send()).toMatchObject({ kind: 'rejected', reason: expect.stringContaining('looks like spam') });
  });

  test('is logged in to, and a wrong password is told', async () => {
    await open({ login: Buffer.from('\0tocsin\0right').toString('base64') });
    expect(await send('opened', { auth: { username: 'tocsin', password: 'right' } })).toMatchObject({ kind: 'delivered' });
    expect(await send('opened', { auth: { username: 'tocsin', password: 'wrong' } })).toMatchObject({ kind: 'rejected', reason: expect.stringContaining('not accepted') });
  });

  test('without TLS gets nothing where TLS is required', async () => {
    expect(await send('opened', { requireTls: true })).toMatchObject({ kind: 'rejected', reason: expect.stringContaining('STARTTLS') });
    expect(mail.requests()).toBe(0);
  });

  test('that refuses one of several is not asked again for the others', async () => {
    await open({ refuses: 'bob@example.com' });
    expect(await send()).toMatchObject({ kind: 'delivered', receipt: { refused: 'bob@example.com' } });
    expect(mail.received()).toMatchObject([{ to: ['ann@example.com'] }]);
  });
});
