import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentGround } from '../support/agent-ground.js';
import { runnableLoaderOrSkip } from '../support/agent-loader.js';
import { eventually } from '../support/eventually.js';
import { ROOT } from '../support/repository.js';
import { requireOrSkip } from '../support/require.js';
import { SpanReceiver } from '../support/span-receiver.js';
import { toldSpans, type ToldSpan } from '../support/told-spans.js';

const canRun = runnableLoaderOrSkip() && requireOrSkip('nginx', 'apt-get install -y nginx-light') && requireOrSkip('redis-server', 'apt-get install -y redis-server') && requireOrSkip('psql', 'apt-get install -y postgresql');
const get = (url: string): Promise<void> => new Promise((resolve, reject) => {
  const { request } = url.startsWith('https:') ? https : http;
  request(url, { rejectUnauthorized: false } as http.RequestOptions, (answer) => { answer.resume().on('end', resolve); }).on('error', reject).end();
});

describe.skipIf(!canRun)('settings that an agent is started with', { timeout: 120_000 }, () => {
  const ground = new AgentGround();
  beforeAll(() => ground.start(), 180_000);
  afterAll(() => { ground.remove(); });

  const userOf = (pid: number): number => Number(/^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);

  test('tls, user and logs', async () => {
    const receiver = new SpanReceiver();
    const endpoint = await receiver.listen();
    const { child, loaderPid } = await ground.agent(`otlp: { endpoint: "${endpoint}", logs: { enabled: false } }\nagent: { user: daemon, ebpf: { network: { tls: false } } }\n`);
    expect([userOf(child.pid!), userOf(loaderPid)]).toEqual([1, 0]);
    const isOfNginx = ({ kind, told: { 'server.port': port } }: ToldSpan): boolean => kind === 'server' && Number(port) === ground.nginxPort;
    await eventually(async () => {
      await get(`https://127.0.0.1:${ground.httpsPort}/orders/7`);
      await get(`http://127.0.0.1:${ground.nginxPort}/orders/7`);
      expect(receiver.spans.find(isOfNginx)).toBeDefined();
    }, { withinMs: 60_000 });
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(child.exitCode).toBe(0);
    expect(receiver.about(ground.httpsPort)).toEqual([]);
    expect(receiver.logs).toEqual([]);
    receiver.close();
  });

  test('a user that there is not', () => {
    const file = join(ground.directory, 'nobody.yaml');
    writeFileSync(file, 'agent: { user: nobody-of-this-name }\n');
    const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'bin', 'tocsin.js'), 'agent', '--config', file], { encoding: 'utf8', timeout: 60_000 });
    expect(status).toBe(2);
    expect(stderr).toBe('tocsin agent: there is no user "nobody-of-this-name" on this machine: name another one (agent.user)\n');
  });

  test('compression, and timeout: what got no answer in time is sent again', async () => {
    const asked: http.IncomingHttpHeaders[] = [];
    const spans: ToldSpan[] = [];
    const receiver = http.createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        asked.push(request.headers);
        // The first one waits for ever.
        if (asked.length === 1) return;
        if (request.url === '/v1/traces') spans.push(...toldSpans(gunzipSync(Buffer.concat(chunks)), Date.now()));
        response.writeHead(200).end();
      });
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const { child, stderr } = await ground.agent(`otlp: { endpoint: "http://127.0.0.1:${(receiver.address() as AddressInfo).port}", compression: gzip, timeout: 500ms }\n`);
    const ask = (): Promise<void> => get(`http://127.0.0.1:${ground.nginxPort}/orders/8`);
    await eventually(async () => {
      await ask();
      expect(stderr()).toContain('no answer within 500 ms');
    }, { withinMs: 60_000 });
    await eventually(() => expect(stderr()).toContain('spans are delivered again'), { withinMs: 60_000 });
    expect(asked.every(({ 'content-encoding': encoding }) => encoding === 'gzip')).toBe(true);
    expect(spans.length).toBeGreaterThan(0);
    child.kill('SIGTERM');
    await once(child, 'exit');
    receiver.closeAllConnections();
    receiver.close();
  });
});
