import { SpanStatusCode, trace, type Attributes } from '@opentelemetry/api';

export interface SelfTracing {
  /** Why it is on or off, for the log. */
  readonly reason: string;
  stop(): Promise<void>;
}

const OFF = (reason: string): SelfTracing => ({ reason, stop: () => Promise.resolve() });

/**
 * Tocsin's own traces, by the OpenTelemetry SDK and its standard variables. Never into Tocsin itself unless asked
 * (TOCSIN_TRACE_INTO_SELF=true): each batch it stored would make spans that make a batch.
 */
export async function startSelfTracing(environment: NodeJS.ProcessEnv, ownOtlpPorts: readonly number[]): Promise<SelfTracing> {
  const endpoint = environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? environment['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (endpoint === undefined || endpoint === '') return OFF('OTEL_EXPORTER_OTLP_ENDPOINT is not set');
  if (environment['TOCSIN_TRACE_INTO_SELF'] !== 'true' && pointsHome(endpoint, ownOtlpPorts)) {
    return OFF('OTEL_EXPORTER_OTLP_ENDPOINT is Tocsin itself; set TOCSIN_TRACE_INTO_SELF=true if you mean it');
  }
  // Loaded only where it is wanted: the SDK takes a third of the time that starting takes.
  const [{ NodeSDK }, { OTLPTraceExporter }] = await Promise.all([import('@opentelemetry/sdk-node'), import('@opentelemetry/exporter-trace-otlp-proto')]);
  const sdk = new NodeSDK({
    serviceName: environment['OTEL_SERVICE_NAME'] ?? 'tocsin',
    traceExporter: new OTLPTraceExporter(),
  });
  sdk.start();
  return { reason: `own traces go to ${endpoint}`, stop: () => sdk.shutdown() };
}

function pointsHome(endpoint: string, ownOtlpPorts: readonly number[]): boolean {
  if (!URL.canParse(endpoint)) return false;
  const url = new URL(endpoint);
  const isLocal = ['localhost', '127.0.0.1', '[::1]', '0.0.0.0'].includes(url.hostname);
  return isLocal && ownOtlpPorts.includes(Number(url.port));
}

/** One span of Tocsin's own around `work`; costs next to nothing while self tracing is off. */
export async function traced<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  return trace.getTracer('tocsin').startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work();
    } catch (error) {
      span.recordException(error instanceof Error ? error : new Error(String(error)));
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}
