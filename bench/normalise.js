// What normalisation adds to a span, in ns of CPU: `npm run build && node bench/normalise.js [seconds]`.
// Spans have 12 attributes and come through the real decoder, so that what repeats is one object, as in the service.
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';

const dist = process.env.TOCSIN_BENCH_DIST ?? new URL('../dist', import.meta.url).href;
const { createTraceDecoder } = await import(`${dist}/ingest/decoder.js`);
const { createNormaliser } = await import(`${dist}/ingest/normaliser.js`);

const seconds = Number(process.argv[2] ?? 2);
const BATCHES = 30;
const SPANS = 1_000;
const NOW_MS = 1_795_132_800_000;
const ARRIVAL = { receivedAtMs: NOW_MS + 60_000, imported: false };
const SERVER = 1; // of the SDK's SpanKind
const CLIENT = 2;

let seed = 1;
const random = () => ((seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) >>> 8) / 2 ** 24;
const pick = (list) => list[Math.floor(random() * list.length)];
const hex = (digits) => Array.from({ length: digits / 4 }, () => (Math.floor(random() * 65_535) + 1).toString(16).padStart(4, '0')).join('');

const shop = () => ({ 'shop.tenant': pick(['acme', 'globex', 'initech']), 'cloud.region': pick(['eu-1', 'eu-2', 'us-1']), 'enduser.id': hex(12) });
const today = (more) => ({
  'http.request.method': pick(['GET', 'POST', 'PUT']), 'http.response.status_code': pick([200, 201, 500]), 'server.address': 'shop.example', 'server.port': 8080,
  'network.protocol.version': '1.1', 'user_agent.original': pick(['Mozilla/5.0 (X11; Linux x86_64)', 'curl/8.5.0', 'okhttp/4.12']), 'url.scheme': 'https', ...more, ...shop(),
});
const old = (more) => ({
  'http.method': pick(['GET', 'POST', 'PUT']), 'http.status_code': pick([200, 201, 500]), 'net.host.name': 'shop.example', 'net.host.port': 8080,
  'http.flavor': '1.1', 'http.user_agent': pick(['Mozilla/5.0 (X11; Linux x86_64)', 'curl/8.5.0', 'okhttp/4.12']), 'http.scheme': 'https', ...more, ...shop(),
});
const PATHS = Array.from({ length: 400 }, (_, index) => `/catalogue/${1_000 + index}/reviews`);

const SHAPES = {
  'today, with route': () => ({ name: 'GET /catalogue/{id}', kind: SERVER, attributes: today({ 'url.path': pick(PATHS), 'http.route': '/catalogue/{id}' }) }),
  'today, internal': () => ({ name: 'charge', kind: 0, attributes: today({ 'http.route': '/' , a: 1 }) }),
  'today, no route, paths repeat': () => ({ name: 'GET', kind: SERVER, attributes: today({ 'url.path': pick(PATHS), 'url.query': 'x=1' }) }),
  'today, no route, path in the name': () => ({ name: `GET ${pick(PATHS)}`, kind: SERVER, attributes: today({ 'url.path': pick(PATHS), 'url.query': 'x=1' }) }),
  'today, no route, every path new': () => ({ name: 'GET', kind: SERVER, attributes: today({ 'url.path': `/catalogue/${hex(24)}`, 'url.query': 'x=1' }) }),
  'old, with route': () => ({ name: 'GET /catalogue/{id}', kind: SERVER, attributes: old({ 'http.target': pick(PATHS), 'http.route': '/catalogue/{id}' }) }),
  'old, no route, paths repeat': () => ({ name: 'GET', kind: SERVER, attributes: old({ 'http.target': pick(PATHS), 'net.peer.port': 5 }) }),
  'old, no route, every path new': () => ({ name: 'GET', kind: SERVER, attributes: old({ 'http.target': `/catalogue/${hex(24)}`, 'net.peer.port': 5 }) }),
  'old, database': () => ({ name: 'SELECT orders', kind: CLIENT, attributes: { 'db.system': 'mssql', 'db.statement': 'SELECT id, title FROM orders WHERE id = $1', 'db.operation': 'SELECT', 'db.name': 'shop', 'db.sql.table': 'orders', 'net.peer.name': 'db-1', 'net.peer.port': 5432, 'thread.id': 7, 'thread.name': 'main', ...shop() } }),
};

function batchesOf(shape) {
  const decoder = createTraceDecoder();
  const resource = { attributes: { 'service.name': 'checkout', 'service.version': '1.4.2', 'host.name': 'node-7' }, asyncAttributesPending: false };
  return Array.from({ length: BATCHES }, () => {
    const body = ProtobufTraceSerializer.serializeRequest(Array.from({ length: SPANS }, () => ({
      ...shape(), spanContext: () => ({ traceId: hex(32), spanId: hex(16), traceFlags: 1 }), parentSpanContext: undefined,
      startTime: [NOW_MS / 1000, 0], endTime: [NOW_MS / 1000, 5_000_123], status: { code: 0 }, events: [], links: [],
      droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0, resource, instrumentationScope: { name: 'bench', version: '1' },
    })));
    const decoded = decoder.decode({ body, encoding: 'protobuf', receivedAtMs: NOW_MS });
    if (!decoded.ok) throw new Error(decoded.message);
    return decoded.batch;
  });
}

for (const [name, shape] of Object.entries(SHAPES)) {
  const batches = batchesOf(shape);
  const normaliser = createNormaliser();
  const run = (forMs) => {
    const cpu = process.cpuUsage();
    const end = performance.now() + forMs;
    let spans = 0;
    while (performance.now() < end) {
      for (const batch of batches) spans += normaliser.spans(batch, ARRIVAL).count;
    }
    const used = process.cpuUsage(cpu);
    return ((used.user + used.system) * 1e3) / spans;
  };
  run(500);
  console.log(JSON.stringify({ bench: 'normalise', spans: name, nsPerSpan: Math.round(run(seconds * 1_000)) }));
}
