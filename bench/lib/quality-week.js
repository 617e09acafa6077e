// A week of spans as they lie in the database, for benches of the trace-quality report.
export const WEEK_MS = 7 * 86_400_000;
const BATCH_TRACES = 50_000;
const SPANS_OF_TRACE = 10;

/** Traces of ten spans in five services, spread evenly over the week from `fromMs` on; attributes as an HTTP instrumentation writes them. */
export async function fillWeek(database, { spans, fromMs }) {
  const traces = spans / SPANS_OF_TRACE;
  const stepMs = Math.floor(WEEK_MS / traces);
  await database.transaction([{ sql: `INSERT INTO resources SELECT s, 'service-' || s, '{"service.name":"service-' || s || '","service.instance.id":"' || s || '","deployment.environment.name":"bench","host.name":"node-' || s || '"}' FROM range(5) r(s)` }]);
  for (let first = 0; first < traces; first += BATCH_TRACES) {
    await database.transaction([{
      sql: `INSERT INTO spans_bulk
        SELECT hash(t), hash(t + 1e9::BIGINT), hash(t * 10 + i) + 1, CASE WHEN i = 0 THEN 0 ELSE hash(t * 10 + i - 1) + 1 END, 'GET /route-' || (t % 20) || '/' || i, CASE WHEN i % 2 = 0 THEN 2 ELSE 3 END, CASE WHEN t % 100 = 0 THEN 2 ELSE 0 END, '',
          (${fromMs}::BIGINT + t * ${stepMs}) * 1000000 + i * 1000000, ${fromMs}::BIGINT + t * ${stepMs} + 60 - i, (60 - 2 * i) * 1000000, 'service-' || ((i + 1) // 2 % 5), (i + 1) // 2 % 5, 'bench', '1', 
          '{"http.request.method":"GET","http.response.status_code":200,"url.path":"/route-' || (t % 20) || '/' || t || '","url.full":"http://service/route-' || (t % 20) || '/' || t || '","http.route":"/route-' || (t % 20) || '","server.address":"service","server.port":8080,"user_agent.original":"bench/1.0","network.protocol.version":"1.1"}',
          NULL, NULL, '', 0, 1, FALSE, 0, ${fromMs}::BIGINT + t * ${stepMs} + 500, FALSE, 200
        FROM range(${first}, ${Math.min(traces, first + BATCH_TRACES)}) a(t), range(${SPANS_OF_TRACE}) b(i)`,
    }]);
    if (first % 200_000 === 0) console.error(`${first * SPANS_OF_TRACE} spans written`);
  }
}
