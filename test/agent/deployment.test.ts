import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAgentConfig } from '../../agent/config/agent-config.js';
import { parseYaml, valueAt } from '../../src/lib/yaml-document.js';
import { AgentGround } from '../support/agent-ground.js';
import { runnableLoaderOrSkip } from '../support/agent-loader.js';
import { eventually } from '../support/eventually.js';
import { ROOT } from '../support/repository.js';
import { requireOrSkip } from '../support/require.js';
import { SpanReceiver } from '../support/span-receiver.js';
import type { ToldSpan } from '../support/told-spans.js';

const read = (name: string): string => readFileSync(join(ROOT, 'docker', 'agent', name), 'utf8');
const UNIT = read('tocsin-agent.service');
const documents = parseYaml({ path: 'docker/agent/daemonset.yaml', text: read('daemonset.yaml') }).documents.map(({ value }) => value);
const ofKind = (kind: string): unknown => documents.find((document) => valueAt(document, ['kind']) === kind);
const pod = (...path: (string | number)[]): unknown => valueAt(ofKind('DaemonSet'), ['spec', 'template', 'spec', ...path]);

const setting = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(UNIT)?.[1] ?? '';
const unitCapabilities = setting('CapabilityBoundingSet').split(' ').map((name) => name.replace(/^CAP_/, ''));

describe('the examples', () => {
  test.skipIf(!requireOrSkip('systemd-analyze', 'apt-get install -y systemd'))('systemd understands the unit, and it names files that are there', () => {
    const ground = new AgentGround();
    const file = join(ground.directory, 'tocsin-agent.service');
    writeFileSync(file, UNIT.replaceAll('/opt/tocsin', ROOT).replace('/usr/bin/node', process.execPath));
    const said = execFileSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    ground.remove();
    expect(said).toBe('');
    for (const path of UNIT.match(/\/opt\/tocsin\/\S+/g) ?? []) expect(existsSync(path.replace('/opt/tocsin', ROOT)), path).toBe(true);
    // The configuration is read again by itself; a signal would end the agent.
    expect(UNIT).not.toContain('ExecReload');
  });

  test('the DaemonSet gives what the unit gives, and nothing more', () => {
    expect(documents.map((document) => valueAt(document, ['kind']))).toEqual(['Namespace', 'ConfigMap', 'DaemonSet']);
    expect(pod('hostPID')).toBe(true);
    expect(pod('containers', 0, 'securityContext', 'capabilities')).toEqual({ drop: ['ALL'], add: unitCapabilities });
    expect(pod('containers', 0, 'securityContext', 'privileged')).toBeUndefined();
    expect(valueAt(ofKind('DaemonSet'), ['spec', 'selector', 'matchLabels'])).toEqual(valueAt(ofKind('DaemonSet'), ['spec', 'template', 'metadata', 'labels']));
  });

  test('its configuration is one that the agent takes, where the container looks for it', () => {
    const config = readAgentConfig({ path: 'agent.yaml', text: String(valueAt(ofKind('ConfigMap'), ['data', 'agent.yaml'])) });
    expect(config.problems).toEqual([]);
    expect(config.config?.otlp).toMatchObject({ protocol: 'grpc', compression: 'gzip' });
    expect(pod('containers', 0, 'args')).toEqual(['--config', '/etc/tocsin/agent.yaml']);
    expect(pod('containers', 0, 'volumeMounts', 0)).toMatchObject({ name: 'config', mountPath: '/etc/tocsin' });
    expect(pod('volumes', 0)).toEqual({ name: 'config', configMap: { name: valueAt(ofKind('ConfigMap'), ['metadata', 'name']) } });
  });

  test('the image has everything that the agent reads', () => {
    const copied = [...read('Dockerfile').matchAll(/^COPY --from=build \/tocsin\/(\S+)/gm)].map(([, path]) => path);
    expect(copied).toEqual(['package.json', 'bin', 'dist', 'rules', 'node_modules']);
  });

  test('the image starts it as the unit does', () => {
    const words = setting('ExecStart').split(' ');
    const flags = words.slice(1, words.findIndex((word) => word.endsWith('/bin/tocsin.js')));
    expect(flags).not.toEqual([]);
    expect(read('Dockerfile')).toContain(`ENTRYPOINT ${JSON.stringify(['node', ...flags, 'bin/tocsin.js', 'agent']).replaceAll(',', ', ')}`);
    expect(read('Dockerfile')).toContain(`ENV ${setting('Environment')}\n`);
  });
});

describe.skipIf(!runnableLoaderOrSkip() || !requireOrSkip('setpriv', 'apt-get install -y util-linux'))('with the rights of the unit and no others', { timeout: 120_000 }, () => {
  const ground = new AgentGround();
  const receiver = new SpanReceiver();
  let server: ChildProcess;
  let port: number;
  let agent: Awaited<ReturnType<AgentGround['agent']>>;

  beforeAll(async () => {
    const endpoint = await receiver.listen();
    server = spawn(process.execPath, ['-e', "const s = require('node:http').createServer((q, r) => r.end('fine')).listen(0, '127.0.0.1', () => console.log(s.address().port))"], { stdio: ['ignore', 'pipe', 'ignore'] });
    port = Number(String((await once(server.stdout!, 'data') as [Buffer])[0]));
    const bounding = ['-all', ...unitCapabilities.map((name) => `+${name.toLowerCase()}`)].join(',');
    agent = await ground.agent(`otlp: { endpoint: "${endpoint}" }\nagent: { ebpf: { network: { b3: true } } }\n`, ['setpriv', `--bounding-set=${bounding}`, '--no-new-privs', '--']);
  });

  afterAll(() => {
    server.kill();
    ground.remove();
    receiver.close();
  });

  const heard = (path: string, headers: Readonly<Record<string, string>>): Promise<ToldSpan> => eventually(async () => {
    expect(await (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).text()).toBe('fine');
    const span = receiver.about(port).find(({ kind, told }) => kind === 'server' && told['url.path'] === path);
    if (span === undefined) throw new Error(`no span of ${path} yet`);
    return span;
  }, { withinMs: 60_000 });

  test('the agent sees requests, and what parses them has no rights at all', async () => {
    expect(await heard('/seen', {})).toMatchObject({ name: 'GET /seen' });
    const parser = readFileSync(`/proc/${agent.child.pid!}/status`, 'utf8');
    expect(/^Uid:\t(\d+)/m.exec(parser)?.[1]).not.toBe('0');
    expect(/^CapPrm:\t(\S+)/m.exec(parser)?.[1]).toBe('0'.repeat(16));
    const loader = /^CapPrm:\t(\S+)/m.exec(readFileSync(`/proc/${agent.loaderPid}/status`, 'utf8'))?.[1];
    // BPF, PERFMON, CHECKPOINT_RESTORE, SYS_PTRACE, DAC_READ_SEARCH.
    expect(BigInt(`0x${loader}`)).toBe((1n << 39n) | (1n << 38n) | (1n << 40n) | (1n << 19n) | (1n << 2n));
  });

  test('Zipkin\'s headers are context where that is wanted', async () => {
    const traceId = '463ac35c9f6413ad48485a3953bb6124';
    expect(await heard('/one-header', { b3: `${traceId}-a2fb4a1d1a96d312-1` })).toMatchObject({ traceId });
    expect(await heard('/many-headers', { 'X-B3-TraceId': '48485a3953bb6124', 'X-B3-SpanId': 'a2fb4a1d1a96d312', 'X-B3-Sampled': '1' })).toMatchObject({ traceId: '48485a3953bb6124'.padStart(32, '0') });
  });
});
