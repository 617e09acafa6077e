import { runInNewContext } from 'node:vm';

/** How often garbage is collected while there is work. */
const COLLECT_MS = 2_000;

/**
 * V8 lets the space for old objects grow by 8 MiB before it looks through it, which is more than the agent's objects take. Looking through them takes
 * some milliseconds. Needs `--expose-gc` (src/cli/agent-command.ts); without it nothing happens.
 */
export function keepSmall(workDone: () => number): NodeJS.Timeout {
  const collect = runInNewContext('globalThis.gc') as (() => void) | undefined;
  let seen = workDone();
  return setInterval(() => {
    if (workDone() === seen) return;
    seen = workDone();
    collect?.();
  }, COLLECT_MS);
}
