import { execFileSync } from 'node:child_process';

/**
 * True when the program `command` is there. Else prints what to install and returns false, so that the test can be skipped;
 * under TOCSIN_TEST_REQUIRE=all (CI) a missing program is a failure instead.
 */
export function requireOrSkip(command: string, install: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v "${command}"`], { stdio: 'ignore' });
    return true;
  } catch {
    const message = `${command} is not installed: ${install}`;
    if (process.env['TOCSIN_TEST_REQUIRE'] === 'all') throw new Error(message);
    process.stdout.write(`SKIPPED: ${message}\n`);
    return false;
  }
}
