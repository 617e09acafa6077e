// Spans of a shop that looks like one: a few operations have most of the traffic, a few users and products too, days and nights differ, durations have
// long tails, some hours have trouble, and a deployment happens in the middle. Made in SQL, the same for the same seed, straight into the hot store.

const HOUR_MS = 3_600_000;
const KINDS = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };

/** One line is a span: depth, service, kind, what it does, typical milliseconds, attributes. Parents are the nearest line above that is less deep. */
const TREES = [
  [30, `0 gateway server GET·/products/{id} 24 http
1 gateway client GET 20 http-client
2 catalog server GET·/products/{id} 16 http
3 catalog client GET·product 1 cache
3 catalog client SELECT·products 5 db
3 pricing server Price 6 rpc
4 pricing client GET·price 1 cache
2 reviews server GET·/reviews 9 http
3 reviews client SELECT·reviews 6 db`],
  [22, `0 gateway server GET·/search 60 http
1 search server GET·/search 52 http
2 search client index.query 35 db
2 ranking server Rank 14 rpc
3 ranking internal score 9 plain
3 ranking client GET·features 2 cache
1 ads server GET·/ads 11 http`],
  [16, `0 web server GET·/ 40 http
1 catalog server GET·/home 22 http
2 catalog client GET·home 1 cache
1 recommendations server Recommend 18 rpc
2 recommendations client GET·profile 1 cache
2 recommendations client SELECT·affinity 8 db`],
  [11, `0 gateway server POST·/cart 30 http
1 cart server POST·/cart 22 http
2 cart client SET·cart 1 cache
2 cart client UPDATE·carts 7 db
2 inventory server Reserve 9 rpc
3 inventory client SELECT·stock 4 db`],
  [7, `0 gateway server POST·/login 80 http
1 accounts server POST·/login 70 http
2 accounts client SELECT·accounts 5 db
2 accounts internal bcrypt 55 plain
2 sessions server Create 5 rpc
3 sessions client SET·session 1 cache`],
  [5, `0 gateway server POST·/checkout 320 http
1 checkout server POST·/checkout 300 http
2 cart server GET·/cart 12 http
3 cart client GET·cart 1 cache
2 inventory server Commit 18 rpc
3 inventory client UPDATE·stock 8 db
3 inventory client INSERT·movements 5 db
2 payment server POST·/payments 180 http
3 fraud server Judge 40 rpc
4 fraud client SELECT·history 12 db
4 fraud internal model 20 plain
3 payment client POST 110 http-client
2 orders server POST·/orders 35 http
3 orders client INSERT·orders 6 db
3 orders client INSERT·order_lines 6 db
3 orders client INSERT·order_lines 6 db
3 orders producer orders·publish 3 messaging
4 mail consumer orders·process 45 messaging
5 mail client POST 30 http-client
4 shipping consumer orders·process 25 messaging
5 shipping client INSERT·parcels 6 db`],
  [4, `0 scheduler internal reconcile 900 plain
1 orders server POST·/reconcile 850 http
2 orders client SELECT·orders 30 db
2 payment server GET·/payments 40 http
3 payment client SELECT·payments 12 db`],
  [3, `0 gateway server GET·/orders/{id} 45 http
1 orders server GET·/orders/{id} 36 http
2 orders client SELECT·orders 6 db
2 shipping server GET·/parcels 12 http
3 shipping client SELECT·parcels 6 db`],
  [2, `0 probe client GET·/healthz 2 http-client`],
];
const PODS = 3;
const TRACES_AT_ONCE = 5_000;

/** Spans of one trace on average, to say how many traces make so many spans. */
export const SPANS_PER_TRACE = (() => {
  const total = TREES.reduce((sum, [weight]) => sum + weight, 0);
  return TREES.reduce((sum, [weight, text]) => sum + (weight / total) * text.split('\n').length, 0);
})();

const steps = TREES.flatMap(([, text], tree) => stepsOf(text).map((step) => ({ tree, ...step })));
const services = [...new Set(steps.map(({ service }) => service))];

function stepsOf(text) {
  const above = [];
  return text.split('\n').map((line, step) => {
    const [depth, service, kind, name, ms, shape] = line.split(' ');
    above[Number(depth)] = step;
    return { step, parent: Number(depth) === 0 ? -1 : above[Number(depth) - 1], service, kind: KINDS[kind], name: name.replaceAll('·', ' '), ms: Number(ms), shape };
  });
}

/** What all hours share. Leave it out of the file again with `removeTemplates`. */
export async function addTemplates(database) {
  const total = TREES.reduce((sum, [weight]) => sum + weight, 0);
  let reached = 0;
  const trees = TREES.map(([weight], tree) => `(${tree}, ${reached / total}, ${(reached += weight) / total})`);
  const rows = steps.map(({ tree, step, parent, service, kind, name, ms, shape }) => `(${tree}, ${step}, ${parent}, ${services.indexOf(service)}, '${service}', ${kind}, '${name}', ${ms}, '${shape}')`);
  await database.transaction([
    { sql: 'CREATE TABLE bench_trees(tree INTEGER, low DOUBLE, high DOUBLE)' }, { sql: `INSERT INTO bench_trees VALUES ${trees.join(', ')}` },
    { sql: 'CREATE TABLE bench_steps(tree INTEGER, step INTEGER, parent INTEGER, service_id INTEGER, service VARCHAR, kind UTINYINT, name VARCHAR, ms DOUBLE, shape VARCHAR)' }, { sql: `INSERT INTO bench_steps VALUES ${rows.join(', ')}` },
    { sql: `INSERT OR IGNORE INTO resources SELECT ${resourceId('s', 'p', 'v')}, name, '{"service.name":"' || name || '","service.version":"2.' || v || '.0","service.instance.id":"' || md5(name || p || v) || '","k8s.pod.name":"' || name || '-' || p || v || '","k8s.node.name":"node-' || ((s + p) % 6) || '","cloud.region":"eu-' || (p % 2 + 1) || '","deployment.environment.name":"production"}'
      FROM (SELECT unnest([${services.map((name) => `'${name}'`).join(', ')}]) AS name, unnest(range(${services.length})) AS s), range(${PODS}) pods(p), range(2) versions(v)` },
  ]);
}

export function removeTemplates(database) {
  return database.transaction([{ sql: 'DROP TABLE bench_trees' }, { sql: 'DROP TABLE bench_steps' }, { sql: 'DROP TABLE IF EXISTS bench_progress' }]);
}

/** Nights have a third of the traffic of days. */
export function trafficOf(hour) {
  return 1 + 0.5 * Math.sin(((hour % 24) - 9) * (Math.PI / 12));
}

/** Writes the traces of one hour (Unix hours) into the hot store as they would have arrived. */
export async function writeHour(database, { hour, traces, isDeployed, seed = 1 }) {
  // In parts, so that sorting one fits into the memory that the service has.
  for (let from = 0; from < traces; from += TRACES_AT_ONCE) await writeTraces(database, { hour, from, to: Math.min(traces, from + TRACES_AT_ONCE), isDeployed, seed });
}

async function writeTraces(database, { hour, from, to, isDeployed, seed }) {
  const u = (what, salt) => `((hash(${what}, ${seed}, ${salt}) % 1000003) / 1000003.0)`;
  const trouble = hour % 11 === 3 ? 0.04 : 0.003;
  const slow = hour % 7 === 2 ? 4 : 1;
  const route = `split_part(name, ' ', 2)`;
  const attributes = `CASE shape
    WHEN 'http' THEN '{"http.request.method":"' || split_part(name, ' ', 1) || '","http.route":"' || ${route} || '","http.response.status_code":' || (CASE WHEN failed THEN 500 WHEN ${u('i', 11)} < 0.01 THEN 404 ELSE 200 END) || ',"url.path":"' || replace(${route}, '{id}', product) || '","user.id":"u' || visitor || '","client.address":"10.' || (visitor % 200) || '.' || (visitor // 200) || '.7","user_agent.original":"' || agent || '"}'
    WHEN 'http-client' THEN '{"http.request.method":"' || split_part(name, ' ', 1) || '","http.response.status_code":' || (CASE WHEN failed THEN 502 ELSE 200 END) || ',"server.address":"' || service || '-upstream","url.full":"https://' || service || '-upstream/v1/' || product || '"}'
    WHEN 'db' THEN '{"db.system.name":"postgresql","db.namespace":"' || service || '","db.operation.name":"' || split_part(name, ' ', 1) || '","db.collection.name":"' || ${route} || '","db.query.text":"' || split_part(name, ' ', 1) || ' … ' || ${route} || ' WHERE id = $1","server.address":"db-' || (service_id % 3) || '"}'
    WHEN 'cache' THEN '{"db.system.name":"redis","db.operation.name":"' || split_part(name, ' ', 1) || '","server.address":"cache-0"}'
    WHEN 'rpc' THEN '{"rpc.system.name":"grpc","rpc.method":"shop.' || service || '/' || name || '","rpc.response.status_code":"' || (CASE WHEN failed THEN 'INTERNAL' ELSE 'OK' END) || '","tenant":"t' || (visitor % 40) || '"}'
    WHEN 'messaging' THEN '{"messaging.system":"kafka","messaging.destination.name":"orders","messaging.operation.type":"' || split_part(name, ' ', 2) || '","messaging.kafka.offset":' || i || '}'
    ELSE '{"thread.name":"worker-' || (i % 8) || '"}' END`;
  await database.transaction([{ sql: `INSERT INTO spans_bulk
    WITH traces AS (
      SELECT i, ${hour * HOUR_MS}::BIGINT * 1000000 + (${u('i', 1)} * ${HOUR_MS}e6)::BIGINT AS at_ns, tree,
        (pow(${u('i', 3)}, 4) * 30000)::INTEGER AS visitor, 'p' || (pow(${u('i', 4)}, 3) * 4000)::INTEGER AS product, (hash(i, ${seed}, 5) % ${PODS})::INTEGER AS pod,
        ['Mozilla/5.0 (X11; Linux x86_64)', 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0)', 'Mozilla/5.0 (Windows NT 10.0; Win64)', 'okhttp/5.1'][1 + (hash(i, ${seed}, 6) % 4)::INTEGER] AS agent, ${u('i', 7)} < ${trouble} AS is_bad
      FROM (SELECT (${hour}::BIGINT << 24) + n AS i FROM range(${from}, ${to}) t(n)) JOIN bench_trees ON ${u('i', 2)} >= low AND ${u('i', 2)} < high
    ), spans AS (
      SELECT t.*, s.* EXCLUDE (tree), (s.ms * 1e6 * exp(-ln(${u('i * 64 + s.step', 8)} + 1e-4) * 0.35) * (CASE WHEN ${u('i', 9)} < 0.01 THEN 12 ELSE 1 END) * (CASE WHEN s.service_id % 5 = 2 THEN ${slow} ELSE 1 END))::BIGINT AS duration,
        t.is_bad AND s.kind = 2 AND s.step <= hash(i, ${seed}, 10) % 4 * 3 AS failed
      FROM traces t JOIN bench_steps s ON s.tree = t.tree
    )
    SELECT hash(i, ${seed}, 20), hash(i, ${seed}, 21), hash(i, ${seed}, step, 22), CASE WHEN parent < 0 THEN 0 ELSE hash(i, ${seed}, parent, 22) END, name, kind, CASE WHEN failed THEN 2 ELSE 0 END, CASE WHEN failed THEN 'upstream failed' ELSE '' END,
      at_ns + step * 1300000, (at_ns + step * 1300000 + duration) // 1000000, duration, service, ${resourceId('service_id', 'pod', isDeployed ? 1 : 0)}, '@opentelemetry/instrumentation-' || shape, '0.200.0', ${attributes},
      CASE WHEN failed THEN '[{"timeNs":' || (at_ns + duration) || ',"name":"exception","attributes":{"exception.type":"UpstreamError","exception.message":"' || service || ' answered 500"}}]' END, NULL, '', 257, 1, FALSE, 0, (at_ns + step * 1300000 + duration) // 1000000 + 900, FALSE,
      CASE shape WHEN 'http' THEN CASE WHEN failed THEN 500 WHEN ${u('i', 11)} < 0.01 THEN 404 ELSE 200 END WHEN 'http-client' THEN CASE WHEN failed THEN 502 ELSE 200 END ELSE 0 END
    FROM spans ORDER BY at_ns // 2000000000, service` },
  { sql: `INSERT INTO ledger SELECT (arrival_ms // 60000)::INTEGER, 'traces', 'grpc', count(*), count(*), 0, 0 FROM spans_bulk WHERE start_ns >= ${hour * HOUR_MS}000000 AND trace_id_low IN (SELECT hash((${hour}::BIGINT << 24) + n, ${seed}, 21) FROM range(${from}, ${to}) t(n)) GROUP BY 1` }]);
}

function resourceId(service, pod, version) {
  return `((${service}) * ${PODS} + ${pod}) * 2 + ${version} + 1000`;
}
