import { getHeapStatistics } from 'node:v8';
import { runInNewContext } from 'node:vm';

const LOOK_MS = 2_000;
/** Garbage that is worth a look through all objects, which takes some milliseconds. */
const WORTH_BYTES = 1 << 20;

/**
 * V8 lets the space for old objects grow by 8 MiB before it looks through it, which is more than the agent's objects take, and what buffers take outside by 32. Needs `--expose-gc`
 * (src/cli/agent-command.ts); without it nothing happens.
 */
export function keepSmall(): NodeJS.Timeout {
  const collect = runInNewContext('globalThis.gc') as (() => void) | undefined;
  let least = usedBytes();
  return setInterval(() => {
    if (usedBytes() - least < WORTH_BYTES) return;
    collect?.();
    least = usedBytes();
  }, LOOK_MS);
}

function usedBytes(): number {
  const { used_heap_size: objects, external_memory: buffers } = getHeapStatistics();
  return objects + buffers;
}
