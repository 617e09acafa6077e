import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireOrSkip } from './require.js';

const INSTALL_TIMEOUT_MS = 240_000;

export interface PythonPackages {
  /** Of the directory under node_modules/.cache that keeps them. */
  readonly name: string;
  /** With their versions. */
  readonly packages: readonly string[];
  /** Further arguments of `pip install`. */
  readonly options?: readonly string[];
  /** For people. */
  readonly what: string;
}

export interface PythonEnvironment {
  readonly python: string;
  readonly directory: string;
}

/**
 * A virtual environment with these packages, kept under node_modules/.cache. Undefined, with a printed reason, where there is no Python or the
 * packages cannot be had; an error under TOCSIN_TEST_REQUIRE=all.
 */
export function pythonEnvironment({ name, packages, options = [], what }: PythonPackages): PythonEnvironment | undefined {
  if (!requireOrSkip('python3', 'apt-get install python3 python3-venv')) return undefined;
  const directory = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', name);
  const python = join(directory, 'bin', 'python');
  const marker = join(directory, 'installed');
  if (existsSync(marker)) return { python, directory };
  try {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    execFileSync('python3', ['-m', 'venv', directory], { stdio: 'pipe', timeout: INSTALL_TIMEOUT_MS });
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...options, ...packages], { stdio: 'pipe', timeout: INSTALL_TIMEOUT_MS, cwd: directory });
    writeFileSync(marker, packages.join('\n'));
    return { python, directory };
  } catch (error) {
    const message = `${what} could not be installed (needs python3-venv and a package index): ${error instanceof Error ? error.message.split('\n', 1)[0] ?? '' : ''}`;
    if (process.env['TOCSIN_TEST_REQUIRE'] === 'all') throw new Error(message);
    process.stdout.write(`SKIPPED: ${message}\n`);
    return undefined;
  }
}
