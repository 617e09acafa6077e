import { createTransport } from 'nodemailer';
import type { DeliveryResult, Notification, Notifier } from './delivery.js';
import { emailMessage } from './email-message.js';
import { shorten } from './slack-mrkdwn.js';

/** Mail servers look a sender up before they greet; a minute of that is for queues, not for pages. */
const TIMEOUT_MS = 20_000;
const REASON_MAX = 200;

export interface EmailNotifierOptions {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (port 465) instead of STARTTLS. */
  readonly implicitTls: boolean;
  /** Without TLS nothing is sent. */
  readonly requireTls: boolean;
  readonly hello: string;
  readonly auth: { readonly username: string; readonly password: string } | undefined;
  readonly from: string;
  readonly to: readonly string[];
  readonly timeoutMs?: number;
}

/** One mail for each message, over its own connection. */
export class SmtpEmailNotifier implements Notifier {
  readonly #options: EmailNotifierOptions;

  constructor(options: EmailNotifierOptions) {
    this.#options = options;
  }

  async notify(notification: Notification): Promise<DeliveryResult> {
    const { host, port, implicitTls, requireTls, hello, auth, from, to, timeoutMs = TIMEOUT_MS } = this.#options;
    const transport = createTransport({
      host, port, secure: implicitTls, requireTLS: requireTls && !implicitTls, name: hello, disableFileAccess: true, disableUrlAccess: true,
      connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs, dnsTimeout: timeoutMs,
      ...(auth === undefined ? {} : { auth: { user: auth.username, pass: auth.password } }),
    });
    const { threadId, ...message } = emailMessage(notification);
    try {
      const sent = await transport.sendMail({ ...message, from, to: [...to], references: threadId, inReplyTo: threadId, headers: { 'auto-submitted': 'auto-generated' } });
      // Refused for some and taken for others: sending it again would double it for those.
      return { kind: 'delivered', receipt: { response: shorten(sent.response, REASON_MAX), ...(sent.rejected.length === 0 ? {} : { refused: shorten(sent.rejected.map(String).join(', '), REASON_MAX) }) } };
    } catch (error) {
      return resultOf(error as SmtpError);
    } finally {
      transport.close();
    }
  }
}

interface SmtpError {
  readonly message: string;
  readonly code?: string;
  readonly responseCode?: number;
  /** Which timeout ran out. */
  readonly timeoutType?: string;
}

const PERMANENT_FROM = 500;
/** The connection was there and went away: the mail may have been taken before the answer was lost. */
const LOST = new Set(['ECONNECTION', 'ETIMEDOUT']);
const NOT_YET_CONNECTED = new Set(['CONNECT_TIMEOUT', 'GREETING_TIMEOUT', 'UPGRADE_TIMEOUT']);

function resultOf({ message, code = '', responseCode, timeoutType = '' }: SmtpError): DeliveryResult {
  const reason = shorten(message.replaceAll(/\s+/g, ' ').trim(), REASON_MAX);
  if (responseCode !== undefined && responseCode >= PERMANENT_FROM) return { kind: 'rejected', reason };
  return { kind: 'retryable', reason, retryAfterMs: undefined, ambiguous: responseCode === undefined && LOST.has(code) && !NOT_YET_CONNECTED.has(timeoutType) };
}
