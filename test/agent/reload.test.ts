import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentGround } from '../support/agent-ground.js';
import { runnableLoaderOrSkip } from '../support/agent-loader.js';
import { eventually } from '../support/eventually.js';
import { SpanReceiver } from '../support/span-receiver.js';

describe.skipIf(!runnableLoaderOrSkip())('a changed agent.yaml', { timeout: 120_000 }, () => {
  const ground = new AgentGround();
  const [first, second] = [new SpanReceiver(), new SpanReceiver()];
  let server: ChildProcess;
  let port: number;
  let agent: Awaited<ReturnType<AgentGround['agent']>>;
  let endpoints: readonly string[];

  beforeAll(async () => {
    endpoints = [await first.listen(), await second.listen()];
    server = spawn(process.execPath, ['-e', "const s = require('node:http').createServer((q, r) => r.end('fine')).listen(0, '127.0.0.1', () => console.log(s.address().port))"], { stdio: ['ignore', 'pipe', 'ignore'] });
    port = Number(String((await once(server.stdout!, 'data') as [Buffer])[0]));
    agent = await ground.agent(`otlp: { endpoint: "${endpoints[0]!}" }\n`);
  });

  afterAll(() => {
    server.kill();
    ground.remove();
    first.close();
    second.close();
  });

  const ask = async (path: string): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    expect(await answer.text()).toBe('fine');
  };

  const change = async (text: string, word: string): Promise<void> => {
    const before = agent.stderr().split(word).length;
    writeFileSync(join(ground.directory, 'agent.yaml'), text);
    await eventually(() => expect(agent.stderr().split(word).length).toBeGreaterThan(before));
  };

  const names = (receiver: SpanReceiver): string[] => receiver.about(port).map(({ name }) => name);

  /** Asks a path that nothing excludes until it is heard: what was asked before it would have been heard too. */
  const settle = (receiver: SpanReceiver, name: string): Promise<void> => eventually(async () => {
    await ask('/last');
    expect(names(receiver)).toContain(name);
  });

  test('is taken over while the agent runs, and what was not right keeps the one before in force', async () => {
    await eventually(async () => {
      await ask('/before');
      expect(names(first)).toContain('GET /before');
    });

    await change(`otlp: { endpoint: "${endpoints[0]!}" }\nagent: { ebpf: { network: { exclude_paths: [/quiet/*] } } }\n`, 'configuration reloaded');
    await ask('/quiet/one');
    await settle(first, 'GET /last');
    expect(names(first).filter((name) => name.includes('quiet'))).toEqual([]);

    await change('agent: { ebpf: { network: { exclude_paths: [] } } }\nnonsense: 1\n', 'stays in force');
    expect(agent.stderr()).toContain('agent/unknown-key');
    first.spans.length = 0;
    await ask('/quiet/two');
    await settle(first, 'GET /last');
    expect(names(first).filter((name) => name.includes('quiet'))).toEqual([]);

    await change(`otlp: { endpoint: "${endpoints[1]!}" }\nagent: { semantic_conventions: older }\n`, 'configuration reloaded');
    await ask('/quiet/three');
    await settle(second, 'GET /last');
    expect(names(second)).toContain('GET /quiet/three');
    expect(second.about(port)[0]?.told).toHaveProperty(['http.method']);

    await change(`otlp: { endpoint: "${endpoints[1]!}", traces: { enabled: false } }\n`, 'configuration reloaded');
    // A call that began before may still be told; from the next tick on nothing is.
    const reported = agent.stderr().length;
    second.spans.length = 0;
    await ask('/off');
    await change(`otlp: { endpoint: "${endpoints[1]!}" }\n`, 'configuration reloaded');
    await settle(second, 'GET /last');
    expect(names(second)).not.toContain('GET /off');
    expect(agent.stderr().slice(reported)).not.toContain('configuration is refused');

    await change(`otlp: { endpoint: "${endpoints[1]!}" }\nagent: { ebpf: { network: { exclude_ports: [${port}] } } }\n`, 'configuration reloaded');
    second.spans.length = 0;
    await ask('/port');
    await change(`otlp: { endpoint: "${endpoints[1]!}" }\n`, 'configuration reloaded');
    await settle(second, 'GET /last');
    expect(names(second)).not.toContain('GET /port');
    expect(agent.child.exitCode).toBeNull();

    agent.child.kill('SIGTERM');
    await once(agent.child, 'exit');
    expect(second.logs.at(-1)).toMatchObject({ eventName: 'tocsin.agent.losses', service: 'tocsin-agent' });
    expect([...first.logs, ...second.logs].reduce((sum, { told }) => sum + Number(told['tocsin.agent.spans.delivered']), 0)).toBeGreaterThan(0);
  });
});
