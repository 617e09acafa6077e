import { expect, test } from 'vitest';
import { readAgentConfig, type AgentConfig } from './config/agent-config.js';
import { RestartNotice } from './restart-notice.js';

const configOf = (text: string): AgentConfig => readAgentConfig({ path: 'agent.yaml', text }).config!;
const RUNNING = 'agent: { user: nobody }\n';

test('a change that waits for the next start is told once, and told to wait no more when it is taken back', () => {
  const notice = new RestartNotice(configOf(RUNNING));
  expect(notice.news(configOf(`${RUNNING}otlp: { buffer_mib: 16 }\n`))).toBe('changed, and taken over at the next start only: buffer_mib');
  expect(notice.news(configOf(`${RUNNING}otlp: { buffer_mib: 16, timeout: 5s }\n`))).toBeUndefined();
  expect(notice.news(configOf('agent: { user: agent, ebpf: { network: { tls: false } } }\notlp: { buffer_mib: 32 }\n'))).toBe('changed, and taken over at the next start only: tls, user, buffer_mib');
  expect(notice.news(configOf(RUNNING))).toContain('no change waits for the next start any more');
  expect(notice.news(configOf(`${RUNNING}otlp: { timeout: 5s }\n`))).toBeUndefined();
});
