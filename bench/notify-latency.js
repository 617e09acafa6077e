// How late a message leaves after its group_wait: the built service, alerts posted to it one by one, a webhook that writes down when they came.
// `npm run build && node bench/notify-latency.js [alerts]`
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ALERTS = Number(process.argv[2] ?? 100);
const GROUP_WAIT_MS = 2_000;
const program = new URL('../bin/tocsin.js', import.meta.url).pathname;

const arrivals = new Map();
const hook = createServer((request, response) => {
  const atMs = Date.now();
  let body = '';
  request.on('data', (chunk) => { body += chunk; });
  request.on('end', () => {
    for (const { labels } of JSON.parse(body).alerts) arrivals.set(labels.alertname, atMs);
    response.end();
  });
});
await new Promise((resolve) => hook.listen(0, '127.0.0.1', resolve));

const directory = mkdtempSync(join(tmpdir(), 'tocsin-latency-'));
for (const name of ['rules', 'runbooks']) mkdirSync(join(directory, name));
writeFileSync(join(directory, 'rules', 'routing.yaml'), `route: { receiver: hook, group_by: [alertname], group_wait: ${GROUP_WAIT_MS / 1_000}s }\nreceivers: [{ name: hook, webhook_configs: [{ url: 'http://127.0.0.1:${hook.address().port}/' }] }]\n`);
const child = spawn(process.execPath, [program, 'serve'], {
  cwd: directory, stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, TOCSIN_DATA_DIR: join(directory, 'data'), TOCSIN_HTTP_PORT: '0', TOCSIN_OTLP_GRPC_PORT: '0', TOCSIN_OTLP_HTTP_PORT: '0' },
});
try {
  const { http } = await new Promise((resolve) => child.stdout.on('data', (line) => resolve(JSON.parse(String(line)).ready)));
  const posted = new Map();
  for (let index = 0; index < ALERTS; index += 1) {
    const alertname = `latency-${index}`;
    await fetch(`${http}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify([{ labels: { alertname } }]) });
    posted.set(alertname, Date.now());
    await new Promise((resolve) => setTimeout(resolve, 100 + (index % 7) * 30));
  }
  await new Promise((resolve) => setTimeout(resolve, GROUP_WAIT_MS + 5_000));
  const late = [...posted].map(([name, atMs]) => (arrivals.get(name) ?? Infinity) - atMs - GROUP_WAIT_MS).sort((left, right) => left - right);
  const at = (share) => late[Math.min(late.length - 1, Math.floor(late.length * share))];
  console.log(`${late.length} alerts, from answered to received, beyond the group_wait of ${GROUP_WAIT_MS} ms: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, highest ${at(1)} ms`);
} finally {
  child.kill('SIGTERM');
  await new Promise((resolve) => child.once('exit', resolve));
  hook.close();
  rmSync(directory, { recursive: true, force: true });
}
