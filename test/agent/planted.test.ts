import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RunningLoader, runnableLoaderOrSkip } from '../support/agent-loader.js';
import { requireOrSkip } from '../support/require.js';

/** Runs `cat` from a file system of its own, then puts a pipe with the same inode number in the place of that file. */
const PIPE = (place: string): readonly string[] => ['unshare', '--mount', 'bash', '-c', `
exec 3<&0; program=${place}/program
mount -t tmpfs none ${place} && cp "$(command -v cat)" $program && was=$(stat -c %i $program) && { $program <&3 & } &&
mount -t tmpfs none ${place} && mkfifo $program && test "$was" = "$(stat -c %i $program)" && echo ready; wait`];

/** Maps a file that is called like a library, and holds a lease on it: whoever opens it waits until the lease is given back, or 45 seconds. */
const LEASE = (place: string): readonly string[] => ['python3', '-c', `
import fcntl, mmap, os, shutil, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)
shutil.copy(sys.executable, '${place}/libssl.so.3')
library = os.open('${place}/libssl.so.3', os.O_RDONLY)
mapped = mmap.mmap(library, 4096, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC)
fcntl.fcntl(library, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print('ready', flush=True)
sys.stdin.read()`];

describe.skipIf(!runnableLoaderOrSkip() || !requireOrSkip('python3', 'apt-get install -y python3'))('a file that a process planted', { timeout: 40_000 }, () => {
  test.each([['a pipe in the place of a program', PIPE], ['a library under a lease', LEASE]])('%s does not stop the loader', async (_what, plant) => {
    const [program = '', ...args] = plant(mkdtempSync(join(tmpdir(), 'tocsin-agent-')));
    const planter = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(planter, 'exit');
    try {
      expect(String((await once(planter.stdout, 'data') as [Buffer])[0]).trim()).toBe('ready');
      const loader = await RunningLoader.start();
      expect(loader.json('hello')).toHaveLength(1);
      await loader.stop();
    } finally {
      planter.stdin.end();
    }
    await ended;
  });
});
