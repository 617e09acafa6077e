// How much a CPU-second is worth: the same work, timed by the CPU it used, in a process of its own. Two hardware threads of one core that are both
// busy make each other slow, so that a CPU-second under load holds less work than one on an idle machine.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ITERATIONS = 3_000_000;

/** CPU milliseconds of the fixed work, now. */
export function fixedWorkMs() {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [fileURLToPath(import.meta.url), 'work'], (error, stdout) => (error ? reject(error) : resolve(Number(stdout))));
  });
}

if (process.argv[2] === 'work') {
  const before = process.cpuUsage();
  const seen = new Map();
  let hash = 0;
  for (let index = 0; index < ITERATIONS; index += 1) {
    hash = Math.imul(hash ^ index, 0x9e3779b1);
    seen.set(hash & 0xffff, index);
  }
  const { user, system } = process.cpuUsage(before);
  process.stdout.write(String((user + system) / 1_000));
}
