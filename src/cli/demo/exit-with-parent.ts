// Loaded with `--import` before each process of the demo: when the demo is gone, even by SIGKILL, so are they.
import { isMainThread } from 'node:worker_threads';

const GRACE_MS = 5_000;

// Worker threads inherit `--import`, and have no channel of their own.
if (isMainThread && process.channel !== undefined) {
  process.once('disconnect', () => {
    setTimeout(() => process.exit(1), GRACE_MS).unref();
    process.kill(process.pid, 'SIGTERM');
  });
  // Ctrl-C reaches the whole process group; the demo decides what ends when.
  process.on('SIGINT', () => undefined);
  process.channel.unref();
}
