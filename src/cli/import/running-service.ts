import type { ExportOutcome } from '../../ingest/absorber.js';
import { IMPORT_HEADER } from '../../ingest/http-otlp-receiver.js';
import { isLoopbackHost } from '../../access/loopback.js';
import { CouldNotRun } from '../command.js';
import type { FileRequest } from './otlp-files.js';

/** A token of a role that may send; needed where the service asks for tokens. */
const TOKEN_VARIABLE = 'TOCSIN_TOKEN';
const PROBE_TIMEOUT_MS = 5_000;
/** A commit takes a few hundred milliseconds; a service that needs this long for one has stopped answering. */
const SEND_TIMEOUT_MS = 60_000;
const DEFAULT_RETRY_MS = 1_000;
const MESSAGE_MAX = 500;

export interface FoundService {
  readonly pages: string;
  readonly otlpHttp: string;
  readonly token: string | undefined;
}

export type Probe = { readonly kind: 'found'; readonly service: FoundService } | { readonly kind: 'absent'; readonly reason: string };

/** Asks who is at `pages`, the address of the pages. */
export async function findService(pages: string, environment: NodeJS.ProcessEnv): Promise<Probe> {
  try {
    const answer = await fetch(new URL('/readyz', pages), { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    const body = (await answer.json()) as { readonly ready?: { readonly otlpHttp?: string } };
    const otlpHttp = body.ready?.otlpHttp;
    if (otlpHttp === undefined) return { kind: 'absent', reason: answer.status === 503 ? 'it is starting or stopping' : 'what answers there is not Tocsin' };
    return { kind: 'found', service: { pages: pages.replace(/\/+$/, ''), otlpHttp: asSeenFrom(pages, otlpHttp), token: environment[TOKEN_VARIABLE] } };
  } catch (error) {
    return { kind: 'absent', reason: error instanceof SyntaxError ? 'what answers there is not Tocsin' : reasonOf(error) };
  }
}

/** The service names the address it is bound to, which from another machine is that of the pages. */
function asSeenFrom(pages: string, otlpHttp: string): string {
  const seen = new URL(otlpHttp);
  const { hostname } = new URL(pages);
  if (isLoopbackHost(seen.hostname) && !isLoopbackHost(hostname)) seen.hostname = hostname;
  return seen.origin;
}

/**
 * Sends one request over OTLP/HTTP, marked as an import so that even young data never pages.
 * @throws CouldNotRun when the service refuses this sender or does not answer.
 */
export async function sendTo(service: FoundService, { signal, encoding, body }: FileRequest): Promise<ExportOutcome> {
  const headers = {
    'content-type': encoding === 'json' ? 'application/json' : 'application/x-protobuf', [IMPORT_HEADER]: 'true',
    ...(service.token === undefined ? {} : { authorization: `Bearer ${service.token}` }),
  };
  let answer: Response;
  try {
    answer = await fetch(`${service.otlpHttp}/v1/${signal}`, { method: 'POST', headers, body: new Uint8Array(body), signal: AbortSignal.timeout(SEND_TIMEOUT_MS) });
  } catch (error) {
    return { kind: 'busy', retryAfterMs: DEFAULT_RETRY_MS, message: `${service.otlpHttp} does not answer: ${reasonOf(error)}` };
  }
  if (answer.ok) return storedOf(answer, encoding);
  const text = await answer.text();
  if (answer.status === 401 || answer.status === 403) throw new CouldNotRun(`the service asks for a token that may send (role ingest or admin): set ${TOKEN_VARIABLE}. It says: ${messageIn(text)}`);
  if (answer.status === 429 || answer.status === 503) return { kind: 'busy', retryAfterMs: retryAfterMs(answer), message: messageIn(text) };
  return { kind: 'malformed', message: messageIn(text) };
}

async function storedOf(answer: Response, encoding: FileRequest['encoding']): Promise<ExportOutcome> {
  const { message, rejected } = encoding === 'json' ? partialSuccessIn(await answer.text()) : { message: '', rejected: 0 };
  if (encoding !== 'json') await answer.arrayBuffer();
  const number = (name: string): number => Number(answer.headers.get(name) ?? 0);
  return { kind: 'stored', admitted: number('x-tocsin-admitted'), deduplicated: number('x-tocsin-deduplicated'), rejected, message };
}

interface PartialSuccess {
  readonly rejectedSpans?: string | number;
  readonly rejectedLogRecords?: string | number;
  readonly errorMessage?: string;
}

function partialSuccessIn(text: string): { readonly rejected: number; readonly message: string } {
  const { partialSuccess } = JSON.parse(text === '' ? '{}' : text) as { readonly partialSuccess?: PartialSuccess };
  return { rejected: Number(partialSuccess?.rejectedSpans ?? partialSuccess?.rejectedLogRecords ?? 0), message: partialSuccess?.errorMessage ?? '' };
}

function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not a status in JSON: the text itself is all there is.
  }
  return text.replace(/[^\x20-\x7e]+/g, ' ').trim().slice(0, MESSAGE_MAX);
}

function retryAfterMs(answer: Response): number {
  return Number(answer.headers.get('retry-after') ?? 0) * 1_000 || DEFAULT_RETRY_MS;
}

/** `fetch` hides why: "fetch failed", and the reason in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  const code = 'code' in cause ? String(cause.code) : '';
  if (/CERT|SIGNED|SSL|TLS/.test(code)) return `its certificate is not trusted here (${code}); set NODE_EXTRA_CA_CERTS to the certificate file`;
  return cause.message === '' ? code : cause.message;
}
