import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGrpcOtlpReceiver } from '../../src/ingest/grpc-otlp-receiver.js';
import { startHttpOtlpReceiver } from '../../src/ingest/http-otlp-receiver.js';
import { MemoryAbsorber } from '../../src/ingest/memory-absorber.js';
import type { Receiver } from '../../src/ingest/receiver.js';
import { logRows, spanRows } from '../support/batch-rows.js';
import { pythonWithOpenTelemetry, runPython } from '../support/otlp-python.js';

/** The SDK of another language: Python's, over gRPC and HTTP, traces and logs. It prints what it meant. */
const PROGRAM = `
import json, os, sys
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
if os.environ["TOCSIN_TRANSPORT"] == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
else:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

resource = Resource({"service.name": "python-shop", "service.version": "3.1"})
provider = TracerProvider(resource=resource)
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
tracer = provider.get_tracer("shop", "0.1")
with tracer.start_as_current_span("GET /cart", kind=SpanKind.SERVER, attributes={"http.route": "/cart", "n": 3, "ratio": 0.5, "ok": True, "list": ["a", "b"]}) as server:
    with tracer.start_as_current_span("charge", kind=SpanKind.CLIENT, links=[Link(server.get_span_context(), {"why": "test"})]) as client:
        client.add_event("retry", {"attempt": 2})
        client.set_status(Status(StatusCode.ERROR, "declined"))

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter()))
with trace.use_span(server):
    logs.get_logger("shop").emit(LogRecord(timestamp=5, severity_number=SeverityNumber.ERROR, severity_text="ERROR", body={"card": "declined"}, attributes={"exception.type": "CardError"}))
logs.shutdown()
provider.shutdown()
print(json.dumps({"traceId": format(server.get_span_context().trace_id, "032x"), "serverId": format(server.get_span_context().span_id, "016x"), "clientId": format(client.get_span_context().span_id, "016x"),
  "startNs": str(client.start_time), "durationNs": client.end_time - client.start_time}))
`;

const python = pythonWithOpenTelemetry();

describe.skipIf(python === undefined)('the Python SDK', () => {
  const absorber = new MemoryAbsorber();
  let grpc: Receiver;
  let http: Receiver;

  beforeAll(async () => {
    grpc = await startGrpcOtlpReceiver({ host: '127.0.0.1', port: 0, absorber });
    http = await startHttpOtlpReceiver({ host: '127.0.0.1', port: 0, absorber });
  });
  afterAll(async () => {
    await Promise.all([grpc.close(), http.close()]);
  });

  test.each([
    ['grpc', (): string => `http://127.0.0.1:${grpc.port}`, {}],
    ['http/protobuf', (): string => `http://127.0.0.1:${http.port}`, { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' }],
  ])('over %s: everything arrives as it was meant, after a first refusal', async (transport, endpoint, settings) => {
    absorber.traces.length = 0;
    absorber.logs.length = 0;
    absorber.answerNext({ kind: 'busy', retryAfterMs: 1, message: 'no room' });
    const printed = await runPython(python!, PROGRAM, { TOCSIN_TRANSPORT: transport, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint(), OTEL_EXPORTER_OTLP_INSECURE: 'true', ...settings });
    const meant = JSON.parse(printed) as { traceId: string; serverId: string; clientId: string; startNs: string; durationNs: number };
    const [client, server] = absorber.traces.flatMap(spanRows);
    expect(server).toMatchObject({
      traceId: meant.traceId, spanId: meant.serverId, parentSpanId: '0'.repeat(16), name: 'GET /cart', kind: 2, service: 'python-shop', scope: { name: 'shop', version: '0.1' },
      attributes: [['http.route', '/cart', false], ['n', 3, true], ['ratio', 0.5, false], ['ok', true, false], ['list', ['a', 'b'], false]],
    });
    expect(client).toMatchObject({
      traceId: meant.traceId, spanId: meant.clientId, parentSpanId: meant.serverId, kind: 3, status: 2, statusMessage: 'declined', startNs: BigInt(meant.startNs), durationNs: meant.durationNs,
      events: [{ name: 'retry', attributes: [['attempt', 2, true]] }], links: [{ traceId: meant.traceId, spanId: meant.serverId, attributes: [['why', 'test', false]] }],
    });
    expect(absorber.logs.flatMap(logRows)).toMatchObject([{ traceId: meant.traceId, spanId: meant.serverId, timeNs: 5n, severity: 17, severityText: 'ERROR', body: '{"card":"declined"}', attributes: [['exception.type', 'CardError', false]], service: 'python-shop' }]);
  });
});
