import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Faults } from './shop/messages.js';

const MAX_BODY_BYTES = 4 * 1024;
const MAX_DELAY_MS = 4_000;
const MAX_REGIONS = 10;

const FAULTS = z.strictObject({
  paymentFailsIn: z.array(z.string().max(40)).max(MAX_REGIONS).optional(),
  cacheDelayMs: z.number().min(0).max(MAX_DELAY_MS).optional(),
});

export interface FaultSwitch {
  faults(): Faults;
  setFaults(faults: Faults): void;
}

export interface ControlServer {
  readonly url: string;
  close(): Promise<void>;
}

/** `GET /faults` says what is broken, `PUT /faults` breaks or heals it; on the loopback address only. */
export async function startControlServer(shop: FaultSwitch, port: number): Promise<ControlServer> {
  const server = createServer((request, response) => void answer(shop, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${bound}/faults`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(shop: FaultSwitch, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, body } = await decide(shop, request);
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'content-type': type }).end(`${JSON.stringify(body)}\n`);
}

async function decide(shop: FaultSwitch, request: IncomingMessage): Promise<{ status: number; body: unknown }> {
  if (request.url !== '/faults') return problem(404, 'there is only /faults');
  if (request.method === 'GET') return { status: 200, body: shop.faults() };
  if (request.method !== 'PUT') return problem(405, 'GET tells the faults, PUT sets them');
  const parsed = await readFaults(request);
  if (typeof parsed === 'string') return problem(400, parsed);
  shop.setFaults({ ...shop.faults(), ...parsed });
  return { status: 200, body: shop.faults() };
}

/** The faults, or what is wrong with the body. */
async function readFaults(request: IncomingMessage): Promise<Partial<Faults> | string> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) return `the body may have ${MAX_BODY_BYTES} bytes`;
  }
  try {
    const parsed = FAULTS.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    return parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ');
  } catch {
    return 'the body is not JSON: send something like {"paymentFailsIn": ["us-1"], "cacheDelayMs": 0}';
  }
}

function problem(status: number, detail: string): { status: number; body: unknown } {
  return { status, body: { title: 'The demo did not do that', status, detail } };
}
