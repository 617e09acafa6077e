const PARENT_CHECK_MS = 1_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface StopSignal {
  readonly signal: AbortSignal;
  /** Gives the process its ordinary signals back. */
  release(): void;
}

/** Aborts when a person or a supervisor wants the demo to end, and when nobody is left to read what it prints. */
export function listenForStop(): StopSignal {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  for (const name of SIGNALS) process.once(name, stop);
  // Stays: every later line fails again, and an error that nobody hears ends the process before it has cleaned up.
  process.stdout.on('error', stop);
  const parent = process.ppid;
  // `npm run` is ended by a signal that its shell does not pass on; without this the demo would live on unseen.
  const orphaned = process.env['npm_lifecycle_event'] === undefined ? undefined : setInterval(() => process.ppid !== parent && stop(), PARENT_CHECK_MS);
  return {
    signal: controller.signal,
    release: () => {
      clearInterval(orphaned);
      for (const name of SIGNALS) process.off(name, stop);
    },
  };
}
