// Spans per second and core of the decoders alone: `npm run build && node bench/decode.js [seconds] [protobuf|json]`.
// Spans are of about 500 bytes with 12 attributes, of which some repeat (method, route, region) and some never do (user, url).
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';

const dist = process.env.TOCSIN_BENCH_DIST ?? new URL('../dist', import.meta.url).href;
const { createTraceDecoder } = await import(`${dist}/ingest/decoder.js`);

const seconds = Number(process.argv[2] ?? 3);
const BATCHES = 40;
const SPANS = 1_000;
const NOW_MS = 1_795_132_800_000;

let seed = 1;
const random = () => ((seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) >>> 8) / 2 ** 24;
const pick = (list) => list[Math.floor(random() * list.length)];
const hex = (digits) => Array.from({ length: digits / 4 }, () => (Math.floor(random() * 65_535) + 1).toString(16).padStart(4, '0')).join('');

function span(resource) {
  const user = hex(12);
  const startMs = NOW_MS - Math.floor(random() * 60_000);
  return {
    name: pick(['GET /catalogue', 'POST /checkout', 'SELECT orders', 'charge']),
    kind: Math.floor(random() * 5),
    spanContext: () => ({ traceId: hex(32), spanId: hex(16), traceFlags: 1 }),
    parentSpanContext: { traceId: hex(32), spanId: hex(16), traceFlags: 1 },
    startTime: [Math.floor(startMs / 1000), (startMs % 1000) * 1e6],
    endTime: [Math.floor(startMs / 1000) + 1, 5_000_123],
    status: { code: random() < 0.02 ? 2 : 0 },
    attributes: {
      'http.request.method': pick(['GET', 'POST', 'PUT']),
      'http.response.status_code': pick([200, 201, 404, 500]),
      'http.route': pick(['/catalogue/{id}', '/checkout', '/cart', '/']),
      'url.full': `http://shop.example/catalogue/${hex(8)}?user=${user}`,
      'server.address': 'shop.example',
      'server.port': 8080,
      'network.protocol.version': '1.1',
      'user_agent.original': pick(['Mozilla/5.0 (X11; Linux x86_64)', 'curl/8.5.0', 'okhttp/4.12']),
      'enduser.id': user,
      'shop.tenant': pick(['acme', 'globex', 'initech']),
      'cloud.region': pick(['eu-1', 'eu-2', 'us-1']),
      'shop.basket.total': Math.floor(random() * 100_000),
    },
    events: [], links: [], droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0,
    resource, instrumentationScope: { name: '@opentelemetry/instrumentation-http', version: '0.223.0' },
  };
}

const resource = { attributes: { 'service.name': 'checkout', 'service.version': '1.4.2', 'host.name': 'node-7' }, asyncAttributesPending: false };
const groups = Array.from({ length: BATCHES }, () => Array.from({ length: SPANS }, () => span(resource)));

const only = process.argv[3];
for (const [encoding, serializer] of [['protobuf', ProtobufTraceSerializer], ['json', JsonTraceSerializer]].filter(([name]) => only === undefined || name === only)) {
  const bodies = groups.map((group) => serializer.serializeRequest(group));
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
  const decoder = createTraceDecoder();
  const run = (forMs) => {
    const cpu = process.cpuUsage();
    const end = performance.now() + forMs;
    let spans = 0;
    while (performance.now() < end) {
      for (const body of bodies) {
        const result = decoder.decode({ body, encoding, receivedAtMs: NOW_MS });
        if (!result.ok || result.rejected.count > 0) throw new Error(result.ok ? result.rejected.message : result.message);
        spans += result.batch.count;
      }
    }
    const used = process.cpuUsage(cpu);
    return spans / ((used.user + used.system) / 1e6);
  };
  run(1_000);
  const rate = run(seconds * 1_000);
  console.log(JSON.stringify({ bench: 'decode', encoding, bytesPerSpan: Math.round(bytes / BATCHES / SPANS), spansPerCpuSecond: Math.round(rate), rssMiB: Math.round(process.memoryUsage().rss / 2 ** 20) }));
}
