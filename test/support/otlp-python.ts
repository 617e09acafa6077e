import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { pythonEnvironment } from './python-environment.js';

/** What a user of the Python SDK installs. */
const PACKAGES = ['opentelemetry-sdk==1.45.2', 'opentelemetry-exporter-otlp-proto-grpc==1.45.2', 'opentelemetry-exporter-otlp-proto-http==1.45.2'];
const RUN_TIMEOUT_MS = 60_000;

/** The path of a Python that has the OpenTelemetry SDK; undefined, with a printed reason, where it cannot be had. */
export function pythonWithOpenTelemetry(): string | undefined {
  return pythonEnvironment({ name: 'tocsin-python', packages: PACKAGES, what: 'the Python SDK of OpenTelemetry' })?.python;
}

/** Runs a Python program and returns what it prints. */
export async function runPython(python: string, program: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const { stdout } = await promisify(execFile)(python, ['-c', program], { env: { PATH: process.env['PATH'] ?? '', ...environment }, timeout: RUN_TIMEOUT_MS });
  return stdout;
}
