import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentGround } from '../support/agent-ground.js';
import { runnableLoaderOrSkip } from '../support/agent-loader.js';
import { eventually } from '../support/eventually.js';
import { replaceFile } from '../support/replace-file.js';
import { SpanReceiver } from '../support/span-receiver.js';

describe.skipIf(!runnableLoaderOrSkip())('a changed agent.yaml', { timeout: 240_000 }, () => {
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
    replaceFile(join(ground.directory, 'agent.yaml'), text);
    await eventually(() => expect(agent.stderr().split(word).length).toBeGreaterThan(before), { withinMs: 60_000 });
  };

  const paths = (receiver: SpanReceiver): unknown[] => receiver.about(port).map(({ told }) => told['url.path'] ?? told['http.target']);

  let settled = 0;
  /** Asks a path that nothing excludes until it is heard: what was asked before it would have been heard too. */
  const settle = (receiver: SpanReceiver): Promise<void> => {
    settled += 1;
    const path = `/last/${settled}`;
    return eventually(async () => {
      await ask(path);
      expect(paths(receiver)).toContain(path);
    }, { withinMs: 60_000 });
  };

  /** What is asked while `configuration` is in force is not told. An agent that gets no CPU may read it later, when another is: then all is done again. */
  const leavesOut = (configuration: string, path: string): Promise<void> => eventually(async () => {
    await change(configuration, 'configuration reloaded');
    second.spans.length = 0;
    await ask(path);
    await change(`otlp: { endpoint: "${endpoints[1]!}" }\n`, 'configuration reloaded');
    await settle(second);
    expect(paths(second)).not.toContain(path);
  }, { withinMs: 60_000 });

  test('is taken over while the agent runs, and what was not right keeps the one before in force', async () => {
    await eventually(async () => {
      await ask('/before');
      expect(paths(first)).toContain('/before');
    });

    await change(`otlp: { endpoint: "${endpoints[0]!}" }\nagent: { ebpf: { network: { exclude_paths: [/quiet/*] } } }\n`, 'configuration reloaded');
    await ask('/quiet/one');
    await settle(first);
    expect(paths(first).filter((path) => String(path).includes('quiet'))).toEqual([]);

    await change('agent: { ebpf: { network: { exclude_paths: [] } } }\nnonsense: 1\n', 'stays in force');
    expect(agent.stderr()).toContain('agent/unknown-key');
    first.spans.length = 0;
    await ask('/quiet/two');
    await settle(first);
    expect(paths(first).filter((path) => String(path).includes('quiet'))).toEqual([]);

    await change(`otlp: { endpoint: "${endpoints[1]!}" }\nagent: { semantic_conventions: older }\n`, 'configuration reloaded');
    await ask('/quiet/three');
    await settle(second);
    expect(second.about(port).find(({ name }) => name === 'GET /quiet/three')?.told).toMatchObject({ 'http.method': 'GET', 'http.target': '/quiet/three' });

    const reported = agent.stderr().length;
    await leavesOut(`otlp: { endpoint: "${endpoints[1]!}", traces: { enabled: false } }\n`, '/off');
    expect(agent.stderr().slice(reported)).not.toContain('stays in force');
    await leavesOut(`otlp: { endpoint: "${endpoints[1]!}" }\nagent: { ebpf: { network: { exclude_ports: [${port}] } } }\n`, '/port');
    expect(agent.child.exitCode).toBeNull();

    agent.child.kill('SIGTERM');
    await once(agent.child, 'exit');
    expect(second.logs.at(-1)).toMatchObject({ eventName: 'tocsin.agent.losses', service: 'tocsin-agent' });
    expect([...first.logs, ...second.logs].reduce((sum, { told }) => sum + Number(told['tocsin.agent.spans.delivered']), 0)).toBeGreaterThan(0);
  });
});
