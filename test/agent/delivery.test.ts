import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentGround, freePort } from '../support/agent-ground.js';
import { runnableLoaderOrSkip } from '../support/agent-loader.js';
import { eventually } from '../support/eventually.js';
import { SpanReceiver } from '../support/span-receiver.js';
import { toldLogs, toldSpans } from '../support/told-spans.js';

const REQUESTS = 40;
/** Whatever the kernel loses where there is no CPU for the loader: on the way to the receiver nothing is. */
const LOST_ON_THE_WAY = ['buffer_full', 'refused', 'rejected', 'queue_full'].map((reason) => `tocsin.agent.spans.lost_by.${reason}`);

describe.skipIf(!runnableLoaderOrSkip())('a receiver that is away', { timeout: 120_000 }, () => {
  const ground = new AgentGround();
  let server: ChildProcess;
  let port: number;

  beforeAll(async () => {
    server = spawn(process.execPath, ['-e', "const s = require('node:http').createServer((q, r) => r.end('fine')).listen(0, '127.0.0.1', () => console.log(s.address().port))"], { stdio: ['ignore', 'pipe', 'ignore'] });
    port = Number(String((await once(server.stdout!, 'data') as [Buffer])[0]));
  });

  afterAll(() => {
    server.kill();
    ground.remove();
  });

  async function ask(path: string): Promise<void> {
    for (let index = 0; index < REQUESTS; index += 1) expect(await (await fetch(`http://127.0.0.1:${port}${path}`)).text()).toBe('fine');
  }

  test('over HTTP: everything waits, and arrives when it is back', async () => {
    const at = await freePort();
    const { child, stderr } = await ground.agent(`otlp: { endpoint: "http://127.0.0.1:${at}" }\n`);
    await ask('/waiting');
    await eventually(() => expect(stderr()).toContain('spans cannot be delivered; they wait'), { withinMs: 60_000 });
    const receiver = new SpanReceiver();
    await receiver.listen(at);
    const served = (): number => receiver.about(port).filter(({ kind, told }) => kind === 'server' && told['url.path'] === '/waiting').length;
    await eventually(() => expect(served()).toBeGreaterThan(REQUESTS / 2), { withinMs: 90_000 });
    await eventually(() => expect(stderr()).toContain('spans are delivered again'), { withinMs: 60_000 });
    child.kill('SIGTERM');
    await once(child, 'exit');
    const last = receiver.logs.at(-1)!;
    expect(last.eventName).toBe('tocsin.agent.losses');
    expect(Object.keys(last.told).filter((key) => LOST_ON_THE_WAY.includes(key))).toEqual([]);
    receiver.close();
  });

  test('over gRPC: what is refused for now is sent again, and what was lost is told to the same receiver', async () => {
    const identity = (bytes: Buffer): Buffer => bytes;
    const spans: Buffer[] = [];
    const logs: Buffer[] = [];
    let refusals = 2;
    const service = (name: string): grpc.ServiceDefinition => ({
      Export: { path: `/opentelemetry.proto.collector.${name}/Export`, requestStream: false, responseStream: false, requestSerialize: identity, requestDeserialize: identity, responseSerialize: identity, responseDeserialize: identity },
    });
    const taking = (into: Buffer[]): grpc.UntypedServiceImplementation => ({
      Export: (call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) => {
        refusals -= 1;
        if (refusals < 0) into.push(call.request);
        answer(refusals < 0 ? null : { code: grpc.status.UNAVAILABLE, details: 'starting' }, Buffer.alloc(0));
      },
    });
    const receiver = new grpc.Server();
    receiver.addService(service('trace.v1.TraceService'), taking(spans));
    receiver.addService(service('logs.v1.LogsService'), taking(logs));
    const at = await new Promise<number>((resolve, reject) => receiver.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => (error === null ? resolve(bound) : reject(error))));
    const { child } = await ground.agent(`otlp: { endpoint: "http://127.0.0.1:${at}", protocol: grpc, compression: gzip }\n`);
    await ask('/refused');
    const served = (): number => spans.flatMap((body) => toldSpans(body, Date.now())).filter(({ kind, told }) => kind === 'server' && told['url.path'] === '/refused').length;
    await eventually(() => expect(served()).toBeGreaterThan(REQUESTS / 2), { withinMs: 90_000 });
    // Both refusals were of spans: nothing else is sent in the first minute.
    expect(refusals).toBeLessThan(0);
    child.kill('SIGTERM');
    await once(child, 'exit');
    receiver.forceShutdown();
    const records = logs.flatMap((body) => toldLogs(body, Date.now()));
    expect(records.length).toBeGreaterThan(0);
    expect(records.flatMap(({ told }) => Object.keys(told)).filter((key) => LOST_ON_THE_WAY.includes(key))).toEqual([]);
  });
});
