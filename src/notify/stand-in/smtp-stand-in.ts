import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body as they came. */
  readonly source: string;
}

/** What happens when a mail has come whole. */
export type SmtpFault =
  | { readonly reply: string }
  | { readonly hang: true }
  | { readonly reset: true }
  /** The beginning of an answer that never ends. */
  | { readonly slowBody: true }
  /** Taken, and the answer is lost. */
  | { readonly acceptThenReset: true };

export interface SmtpStandIn {
  readonly port: number;
  received(): readonly ReceivedMail[];
  /** Mails that came in, failed ones included. */
  requests(): number;
  failNext(fault: SmtpFault): void;
  close(): Promise<void>;
}

export interface SmtpStandInOptions {
  /** Base64 of `\0name\0password`; without it nobody needs to log in. */
  readonly login?: string;
  /** A recipient that does not exist here. */
  readonly refuses?: string;
}

interface Talk {
  from: string;
  to: string[];
  isLoggedIn: boolean;
  /** Lines of the mail while it comes. */
  data: string[] | undefined;
}

/** A mail server for tests: plain SMTP without TLS. */
export async function startSmtpStandIn(options: SmtpStandInOptions = {}): Promise<SmtpStandIn> {
  const received: ReceivedMail[] = [];
  const faults: SmtpFault[] = [];
  const sockets = new Set<Socket>();
  let requests = 0;
  const take = (talk: Talk, socket: Socket): void => {
    requests += 1;
    const fault = faults.shift();
    if (fault === undefined || 'acceptThenReset' in fault) received.push({ from: talk.from, to: talk.to, source: (talk.data ?? []).join('\r\n') });
    talk.data = undefined;
    if (fault === undefined) socket.write('250 2.0.0 Ok: queued\r\n');
    else if ('reply' in fault) socket.write(`${fault.reply}\r\n`);
    else if ('slowBody' in fault) socket.write('451-still\r\n');
    else if (!('hang' in fault)) socket.destroy();
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    const talk: Talk = { from: '', to: [], isLoggedIn: options.login === undefined, data: undefined };
    let rest = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (talk.data === undefined) socket.write(replyTo(line, talk, options));
        else if (line === '.') take(talk, socket);
        else talk.data.push(line.replace(/^\./, ''));
      }
    });
    socket.write('220 stand-in ESMTP\r\n');
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    port: (server.address() as AddressInfo).port,
    received: () => received,
    requests: () => requests,
    failNext: (fault) => { faults.push(fault); },
    close: () => new Promise((resolve) => {
      server.close(() => { resolve(); });
      for (const socket of sockets) socket.destroy();
    }),
  };
}

function replyTo(line: string, talk: Talk, { login, refuses }: SmtpStandInOptions): string {
  const [, verb = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
  const address = /<([^>]*)>/.exec(rest)?.[1] ?? '';
  switch (verb.toUpperCase()) {
    case 'EHLO': return login === undefined ? '250 stand-in\r\n' : '250-stand-in\r\n250 AUTH PLAIN\r\n';
    case 'AUTH': {
      talk.isLoggedIn = rest === `PLAIN ${login ?? ''}`;
      return talk.isLoggedIn ? '235 2.7.0 Welcome\r\n' : '535 5.7.8 Username and password not accepted\r\n';
    }
    case 'MAIL': {
      if (!talk.isLoggedIn) return '530 5.7.0 Authentication required\r\n';
      talk.from = address;
      return '250 Ok\r\n';
    }
    case 'RCPT': {
      if (address === refuses) return '550 5.1.1 no such mailbox\r\n';
      talk.to.push(address);
      return '250 Ok\r\n';
    }
    case 'DATA': {
      talk.data = [];
      return '354 Go ahead\r\n';
    }
    case 'QUIT': return '221 Bye\r\n';
    default: return '502 5.5.2 what?\r\n';
  }
}
