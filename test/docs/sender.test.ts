import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startGrpcOtlpReceiver } from '../../src/ingest/grpc-otlp-receiver.js';
import { startHttpOtlpReceiver } from '../../src/ingest/http-otlp-receiver.js';
import { MemoryAbsorber } from '../../src/ingest/memory-absorber.js';
import { DEFAULT_OTLP_GRPC_PORT, DEFAULT_OTLP_HTTP_PORT } from '../../src/config/settings.js';
import { blocksOf, README, ROOT } from './documents.js';

/** A program that knows nothing of Tocsin: what it sends, and where, comes from the README's variables. */
const PROGRAM = "import { trace } from '@opentelemetry/api'; trace.getTracer('example').startSpan('put into basket').end();";

const variables = blocksOf(README).filter(({ label }) => label === 'env').map(({ text }) => Object.fromEntries([...text.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value])));

test.each([
  ['grpc', DEFAULT_OTLP_GRPC_PORT, startGrpcOtlpReceiver],
  ['http/protobuf', DEFAULT_OTLP_HTTP_PORT, startHttpOtlpReceiver],
] as const)('the variables for %s are all that an instrumented program needs', async (protocol, port, startReceiver) => {
  const documented = variables.find((each) => each['OTEL_EXPORTER_OTLP_PROTOCOL'] === protocol);
  expect(documented?.['OTEL_EXPORTER_OTLP_ENDPOINT']).toBe(`http://127.0.0.1:${port}`);
  const absorber = new MemoryAbsorber();
  const receiver = await startReceiver({ host: '127.0.0.1', port: 0, absorber });
  try {
    const env = { PATH: process.env['PATH'], ...documented, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}` };
    await promisify(execFile)(process.execPath, ['--import', '@opentelemetry/auto-instrumentations-node/register', '--input-type=module', '--eval', PROGRAM], { cwd: ROOT, env });
    expect(absorber.traces.flatMap(({ names }) => names)).toEqual(['put into basket']);
    expect(absorber.traces[0]?.resources[0]?.serviceName).toBe('basket');
  } finally {
    await receiver.close();
  }
});
