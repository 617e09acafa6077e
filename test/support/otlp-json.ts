/** Spans as a person would write them down, and the OTLP/JSON request that carries them. */
export interface WrittenSpan {
  /** Makes the ids: equal numbers are the same span. */
  readonly id: number;
  readonly service?: string;
  readonly name?: string;
  readonly failed?: boolean;
  /** Unix milliseconds. */
  readonly endMs?: number;
  readonly durationMs?: number;
}

export function traceIdOf(id: number): string {
  return `c0ffee${id.toString(16).padStart(26, '0')}`;
}

export function spanIdOf(id: number): string {
  return `beef${id.toString(16).padStart(12, '0')}`;
}

/** Server spans, each a trace of its own. */
export function tracesJson(spans: readonly WrittenSpan[]): string {
  const services = [...new Set(spans.map(serviceOf))];
  return JSON.stringify({
    resourceSpans: services.map((service) => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }, { key: 'region', value: { stringValue: 'eu-2' } }] },
      scopeSpans: [{ scope: { name: 'test' }, spans: spans.filter((span) => serviceOf(span) === service).map(spanJson) }],
    })),
  });
}

function serviceOf({ service = 'checkout' }: WrittenSpan): string {
  return service;
}

function spanJson({ id, name = 'POST /checkout', failed = false, endMs = Date.now(), durationMs = 20 }: WrittenSpan): unknown {
  return {
    traceId: traceIdOf(id), spanId: spanIdOf(id), name, kind: 2,
    startTimeUnixNano: `${endMs - durationMs}000000`, endTimeUnixNano: `${endMs}000000`,
    status: failed ? { code: 2, message: 'the bank said no' } : {},
    attributes: [{ key: 'http.route', value: { stringValue: '/checkout' } }],
    ...(failed ? { events: [{ name: 'exception', timeUnixNano: `${endMs}000000`, attributes: [{ key: 'exception.type', value: { stringValue: 'BankError' } }, { key: 'exception.message', value: { stringValue: `order ${id} was refused` } }] }] } : {}),
  };
}

export function logsJson({ id, text, timeMs = Date.now() }: { readonly id: number; readonly text: string; readonly timeMs?: number }): string {
  return JSON.stringify({
    resourceLogs: [{
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'checkout' } }] },
      scopeLogs: [{ scope: { name: 'test' }, logRecords: [{ timeUnixNano: `${timeMs}000000`, severityNumber: 17, body: { stringValue: text }, traceId: traceIdOf(id), spanId: spanIdOf(id) }] }],
    }],
  });
}

/** `howMany` requests to checkout from `firstId` on, every `failEvery`-th of which failed. */
export function requests(firstId: number, howMany: number, { failEvery = Infinity, ...rest }: Omit<WrittenSpan, 'id'> & { readonly failEvery?: number } = {}): WrittenSpan[] {
  return Array.from({ length: howMany }, (_, index) => ({ ...rest, id: firstId + index, failed: index % failEvery === failEvery - 1 }));
}

export async function sendTraces(otlpHttp: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${otlpHttp}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
}
