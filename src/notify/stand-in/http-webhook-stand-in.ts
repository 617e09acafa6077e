import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedWebhook {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As it came: signatures are over these bytes. */
  readonly body: string;
}

export type WebhookFault =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | { readonly hang: true }
  | { readonly reset: true }
  /** Status and headers, then a body that never ends. */
  | { readonly slowBody: number }
  /** Taken, and the answer is lost. */
  | { readonly acceptThenReset: true };

export interface WebhookStandIn {
  readonly url: string;
  /** Those that were taken. */
  received(): readonly ReceivedWebhook[];
  /** Requests that came in, failed ones included. */
  requests(): number;
  failNext(fault: WebhookFault, times?: number): void;
  heal(): void;
  close(): Promise<void>;
}

export interface StandInAnswer {
  readonly status: number;
  readonly body?: string;
}

/** What the service says to a request that it got whole. One that it refuses (400 and above) is not among the received. */
export type StandInService = (request: ReceivedWebhook) => StandInAnswer;

/** A webhook receiver for tests: takes everything and answers 200, unless told otherwise. */
export async function startWebhookStandIn(service: StandInService = () => ({ status: 200, body: 'ok' })): Promise<WebhookStandIn> {
  const received: ReceivedWebhook[] = [];
  const faults: { readonly fault: WebhookFault; times: number }[] = [];
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    void read(request).then((body) => {
      const fault = next(faults);
      const whole: ReceivedWebhook = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
      const isTaken = fault === undefined || 'acceptThenReset' in fault;
      const said = isTaken ? service(whole) : { status: 503 };
      if (isTaken && said.status < 400) received.push(whole);
      if (fault === undefined) response.writeHead(said.status).end(said.body ?? '');
      else misbehave(request, response, fault);
    }).catch(() => undefined);
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/hook`,
    received: () => received,
    requests: () => requests,
    failNext: (fault, times = 1) => { faults.push({ fault, times }); },
    heal: () => { faults.length = 0; },
    close: () => new Promise((resolve) => {
      server.close(() => { resolve(); });
      server.closeAllConnections();
    }),
  };
}

function misbehave(request: IncomingMessage, response: ServerResponse, fault: WebhookFault): void {
  if ('status' in fault) response.writeHead(fault.status, fault.headers).end(fault.body ?? '');
  else if ('slowBody' in fault) response.writeHead(fault.slowBody).write('still ');
  else if ('reset' in fault || 'acceptThenReset' in fault) request.socket.destroy();
}

function next(faults: { readonly fault: WebhookFault; times: number }[]): WebhookFault | undefined {
  const [first] = faults;
  if (first === undefined) return undefined;
  first.times -= 1;
  if (first.times <= 0) faults.shift();
  return first.fault;
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** How the shared suite makes any receiver over HTTP misbehave. */
export function failAsTold(standIn: WebhookStandIn, fault: { readonly status: number; readonly retryAfterSeconds?: number } | { readonly hang: true } | { readonly reset: true } | { readonly slowBody: true }): void {
  if ('slowBody' in fault) standIn.failNext({ slowBody: 500 });
  else if ('status' in fault) standIn.failNext({ status: fault.status, ...(fault.retryAfterSeconds === undefined ? {} : { headers: { 'retry-after': String(fault.retryAfterSeconds) } }) });
  else standIn.failNext(fault);
}
