import { expect, test } from 'vitest';
import { formatProblem, type Problem } from '../../src/lib/problem.js';
import { signalUrl } from '../otlp/signal-url.js';
import { readAgentConfig } from './agent-config.js';
import { otlpHeadersOf } from './otlp-headers.js';

const read = (text: string): ReturnType<typeof readAgentConfig> => readAgentConfig({ path: 'agent.yaml', text });
const told = (text: string): string[] => read(text).problems.map(formatProblem);

test('without a file everything has a safe default', () => {
  const { config, problems } = readAgentConfig(undefined);
  expect(problems).toEqual([]);
  expect(config?.otlp).toMatchObject({ endpoint: 'http://127.0.0.1:4318', protocol: 'http/protobuf', compression: 'none' });
  expect(config?.policy).toMatchObject({
    excludePaths: ['/health', '/healthz', '/ready', '/metrics'], excludePorts: [22, 2379], excludeExecutables: [], captureHeaders: [], captureBodyBytes: 0,
    captureQueries: true, sanitizeQueries: true, maxQueryLength: 1024, captureParameters: false, conventions: 'current', sampling: { rate: 1 },
  });
});

test('the keys that operators of such agents know are honoured', () => {
  const { config, problems } = read(`otlp:
  endpoint: http://127.0.0.1:4317
  traces: { enabled: true, sample_rate: 0.25, sampler: parent_based_traceidratio }
agent:
  ebpf: { network: { enabled: true, http: true, grpc: false, exclude_paths: [/ping, /internal/*], exclude_ports: [9100], exclude_executables: [/usr/bin/wrk, /opt/load/*] } }
  database: { capture_queries: true, sanitize_queries: true, max_query_length: 200, capture_parameters: true }
`);
  expect(problems).toEqual([]);
  expect(config).toMatchObject({ isEnabled: true, otlp: { protocol: 'grpc' }, policy: { excludePaths: ['/ping', '/internal/*'], excludePorts: [9100], excludeExecutables: ['/usr/bin/wrk', '/opt/load/*'], maxQueryLength: 200, captureParameters: true, sampling: { rate: 0.25 } } });
});

test('what cannot be honoured, and what is not known, is refused with its place', () => {
  expect(told('otlp:\n  endpont: http://x\nagent:\n  ebpf:\n    network:\n      grpc: true\n')).toEqual([
    'agent.yaml:2:3: error agent/unknown-key otlp.endpont: there is no key "endpont" here Hint: did you mean "endpoint"?',
    'agent.yaml:6:13: error agent/not-supported-yet agent.ebpf.network.grpc: this version does not read HTTP/2, and with it gRPC Hint: set it to false, or leave it out',
  ]);
  expect(told('otlp:\n  metrics: { endpoint: http://x }\n')[0]).toContain('agent.yaml:2:12: error agent/not-supported-yet');
  expect(told('agent: { database: { max_query_length: 9999999 } }')[0]).toContain('agent/invalid-value');
  for (const timeout of ['0s', '30d']) expect(told(`otlp: { timeout: ${timeout} }`)[0]).toContain('is not from 100ms to 10m');
  expect(told('agent: [')[0]).toContain('yaml/syntax');
  expect(told('- a\n')[0]).toContain('yaml/not-a-mapping');
});

test('what lets values out is warned about, and done', () => {
  const { config, problems } = read('agent: { database: { sanitize_queries: false } }\n');
  expect(config?.policy.sanitizeQueries).toBe(false);
  expect(problems.map(({ level, path }) => `${level} ${path}`)).toEqual(['warning agent.database.sanitize_queries']);
});

test('OTLP over HTTP has a path for each signal', () => {
  const url = (endpoint: string, signal: 'traces' | 'logs'): string => signalUrl({ endpoint, protocol: 'http/protobuf' }, signal).href;
  expect(url('http://a:4318', 'traces')).toBe('http://a:4318/v1/traces');
  expect(url('https://a/otlp/', 'traces')).toBe('https://a/otlp/v1/traces');
  expect(url('http://a:4318/v1/traces', 'traces')).toBe('http://a:4318/v1/traces');
  expect(url('https://a/otlp/v1/traces', 'logs')).toBe('https://a/otlp/v1/logs');
  expect(signalUrl({ endpoint: 'http://a:4317', protocol: 'grpc' }, 'logs').href).toBe('http://a:4317/');
});

test('a header that cannot be sent is refused with its place, and without what it holds', () => {
  expect(told('otlp: { headers: { "bad name": x } }')[0]).toContain('agent.yaml:1:');
  expect(told('otlp: { headers: { authorization: "Bearer geheim\\n" } }')[0]).toContain('printable ASCII');
  const problems: Problem[] = [];
  const text = '# of the collector\nAuthorization: Bearer geheim\n\nBad Name: geheim\nx-tenant: ge\u00fc\nkey-bin: AAA\ngeheim\nx-empty:\r\n';
  expect(otlpHeadersOf({ path: 'headers', text }, problems)).toEqual({ 'authorization': 'Bearer geheim', 'x-empty': '' });
  expect(problems.map(({ at: { file, line }, level, code }) => `${file}:${line} ${level} ${code}`)).toEqual([4, 5, 6, 7].map((line) => `headers:${line} error agent/invalid-value`));
  expect(JSON.stringify(problems)).not.toContain('geheim');
});
