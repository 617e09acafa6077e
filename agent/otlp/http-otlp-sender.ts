import http from 'node:http';
import { rejectedSpans, retryAfterMs, type Delivery, type OtlpSender, type SenderOptions } from './delivery.js';

/** OTLP/HTTP, "Retryable Response Codes". */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const MAX_ANSWER_BYTES = 65_536;

/** OTLP/HTTP with protobuf. */
export async function httpOtlpSender({ endpoint, headers, compression, timeoutMs }: SenderOptions): Promise<OtlpSender> {
  const { Agent, request } = endpoint.protocol === 'https:' ? await import('node:https') : http;
  const takesGzip = compression === 'gzip';
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  return {
    takesGzip,
    send: (body) => new Promise<Delivery>((resolve) => {
      const outgoing = request(endpoint, {
        method: 'POST', agent,
        headers: { ...headers, 'content-type': 'application/x-protobuf', 'content-length': body.length, ...(takesGzip ? { 'content-encoding': 'gzip' } : {}) },
      }, (answer) => read(answer, (delivery) => {
        // The body is read until then, also where the answer came early.
        if (outgoing.writableFinished) resolve(delivery);
        else outgoing.once('finish', () => resolve(delivery));
      }));
      // From the first byte to the last one: a receiver that only keeps the connection awake does not answer.
      const timer = setTimeout(() => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
      outgoing.on('close', () => clearTimeout(timer));
      outgoing.on('error', (error) => resolve({ outcome: 'retryable', afterMs: undefined, why: error.message }));
      outgoing.end(body);
    }),
    close: () => agent.destroy(),
  };
}

function read(answer: http.IncomingMessage, resolve: (delivery: Delivery) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  answer.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= MAX_ANSWER_BYTES) chunks.push(chunk);
  });
  answer.on('error', (error) => resolve({ outcome: 'retryable', afterMs: undefined, why: error.message }));
  answer.on('end', () => {
    const status = answer.statusCode ?? 0;
    const body = Buffer.concat(chunks);
    if (status === 200) resolve({ outcome: 'delivered', rejectedSpans: rejectedSpans(body) });
    else if (RETRYABLE.has(status)) resolve({ outcome: 'retryable', afterMs: retryAfterMs(answer.headers['retry-after'], Date.now()), why: `status ${status}` });
    else resolve({ outcome: 'rejected', why: `status ${status}${/json|text/.test(answer.headers['content-type'] ?? '') ? `: ${body.toString('utf8').slice(0, 300)}` : ''}` });
  });
}
