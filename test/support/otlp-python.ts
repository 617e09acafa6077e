import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { requireOrSkip } from './require.js';

/** What a user of the Python SDK installs. */
const PACKAGES = ['opentelemetry-sdk==1.45.2', 'opentelemetry-exporter-otlp-proto-grpc==1.45.2', 'opentelemetry-exporter-otlp-proto-http==1.45.2'];
const INSTALL_TIMEOUT_MS = 240_000;
const RUN_TIMEOUT_MS = 60_000;

/**
 * The path of a Python that has the OpenTelemetry SDK, in a virtual environment kept under node_modules/.cache.
 * Undefined, with a printed reason, where there is no Python or the packages cannot be had; an error under TOCSIN_TEST_REQUIRE=all.
 */
export function pythonWithOpenTelemetry(): string | undefined {
  if (!requireOrSkip('python3', 'apt-get install python3 python3-venv')) return undefined;
  const directory = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'tocsin-python');
  const python = join(directory, 'bin', 'python');
  const marker = join(directory, 'installed');
  if (existsSync(marker)) return python;
  try {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    execFileSync('python3', ['-m', 'venv', directory], { stdio: 'pipe', timeout: INSTALL_TIMEOUT_MS });
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES], { stdio: 'pipe', timeout: INSTALL_TIMEOUT_MS });
    writeFileSync(marker, PACKAGES.join('\n'));
    return python;
  } catch (error) {
    const message = `the Python SDK of OpenTelemetry could not be installed (needs python3-venv and a package index): ${error instanceof Error ? error.message.split('\n', 1)[0] ?? '' : ''}`;
    if (process.env['TOCSIN_TEST_REQUIRE'] === 'all') throw new Error(message);
    process.stdout.write(`SKIPPED: ${message}\n`);
    return undefined;
  }
}

/** Runs a Python program and returns what it prints. */
export async function runPython(python: string, program: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const { stdout } = await promisify(execFile)(python, ['-c', program], { env: { PATH: process.env['PATH'] ?? '', ...environment }, timeout: RUN_TIMEOUT_MS });
  return stdout;
}
