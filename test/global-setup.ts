import { execFileSync } from 'node:child_process';

/** Integration tests start the built service and its worker threads, so the build must be of these very sources. `npm test` has looked at their types before. */
export function setup(): void {
  execFileSync(process.execPath, ['scripts/build.js', '--unchecked'], { stdio: 'inherit' });
}
