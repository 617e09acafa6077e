import type { ExportOutcome } from '../../ingest/absorber.js';
import type { FileRequest } from './otlp-files.js';

export interface FoundService {
  readonly otlpHttp: string;
  readonly token: string | undefined;
}

const PROBE_TIMEOUT_MS = 2_000;
const DEFAULT_RETRY_MS = 1_000;

/** The service whose pages are at `pages`; undefined where nothing answers there that says it is ready. */
export async function findService(pages: string): Promise<FoundService | undefined> {
  try {
    const answer = await fetch(new URL('/readyz', pages), { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    if (!answer.ok) return undefined;
    const body = (await answer.json()) as { readonly ready?: { readonly otlpHttp?: string } };
    const otlpHttp = body.ready?.otlpHttp;
    return otlpHttp === undefined ? undefined : { otlpHttp, token: process.env['TOCSIN_TOKEN'] };
  } catch {
    return undefined;
  }
}

/** Sends one request over OTLP/HTTP, marked as an import so that even young data never pages. */
export async function sendTo(service: FoundService, { signal, encoding, body }: FileRequest): Promise<ExportOutcome> {
  const headers: Record<string, string> = { 'content-type': encoding === 'json' ? 'application/json' : 'application/x-protobuf', 'x-tocsin-import': 'true', accept: 'application/json' };
  if (service.token !== undefined) headers['authorization'] = `Bearer ${service.token}`;
  const answer = await fetch(`${service.otlpHttp}/v1/${signal}`, { method: 'POST', headers, body: new Uint8Array(body) });
  if (answer.status === 429 || answer.status === 503) {
    await answer.arrayBuffer();
    return { kind: 'busy', retryAfterMs: Number(answer.headers.get('retry-after') ?? 1) * 1_000 || DEFAULT_RETRY_MS, message: 'the service is busy' };
  }
  if (!answer.ok) return { kind: 'malformed', message: `HTTP ${answer.status}: ${(await answer.text()).slice(0, 500)}` };
  return outcomeOf(answer, { signal, encoding, body });
}

interface PartialSuccess {
  readonly rejectedSpans?: string | number;
  readonly rejectedLogRecords?: string | number;
  readonly errorMessage?: string;
}

async function outcomeOf(answer: Response, { encoding, body, signal }: Pick<FileRequest, 'encoding' | 'body' | 'signal'>): Promise<ExportOutcome> {
  const text = encoding === 'json' ? await answer.text() : (await answer.arrayBuffer(), '{}');
  const { partialSuccess } = JSON.parse(text === '' ? '{}' : text) as { readonly partialSuccess?: PartialSuccess };
  const rejected = Number(partialSuccess?.rejectedSpans ?? partialSuccess?.rejectedLogRecords ?? 0);
  const sent = encoding === 'json' ? countItems(Buffer.from(body).toString('utf8'), signal) : 0;
  return { kind: 'stored', admitted: Math.max(0, sent - rejected), rejected, deduplicated: 0, message: partialSuccess?.errorMessage ?? '' };
}

/** OTLP's answer does not say how much was sent, only what was not taken. */
function countItems(text: string, signal: FileRequest['signal']): number {
  const request = JSON.parse(text) as Record<string, readonly Record<string, readonly Record<string, readonly unknown[]>[]>[]>;
  const [outer, middle, inner] = signal === 'traces' ? ['resourceSpans', 'scopeSpans', 'spans'] : ['resourceLogs', 'scopeLogs', 'logRecords'];
  return (request[outer ?? ''] ?? []).flatMap((resource) => resource[middle ?? ''] ?? []).reduce((sum, scope) => sum + (scope[inner ?? '']?.length ?? 0), 0);
}
