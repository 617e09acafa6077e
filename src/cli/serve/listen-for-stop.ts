// Not SIGHUP: a handler would undo what nohup did.
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const PARENT_CHECK_MS = 1_000;

export interface StopSignal {
  /** Resolves when somebody wants the service to end, with the error after `fail`. */
  readonly signal: Promise<Error | undefined>;
  readonly fail: (error: Error) => void;
  /** Gives the process its ordinary signals back. */
  release(): void;
}

/** A second signal changes nothing: the first one is being obeyed, and cutting that short would leave senders without their answers. */
export function listenForStop(): StopSignal {
  let resolve: (error: Error | undefined) => void = () => undefined;
  const signal = new Promise<Error | undefined>((take) => { resolve = take; });
  const stop = (): void => resolve(undefined);
  for (const name of SIGNALS) process.on(name, stop);
  const orphaned = watchParent(stop);
  return {
    signal,
    fail: (error) => resolve(error),
    release: () => {
      clearInterval(orphaned);
      for (const name of SIGNALS) process.off(name, stop);
    },
  };
}

/** `npm start` is ended by a signal that its shell does not pass on; without this the service would live on unseen and keep its ports. */
function watchParent(stop: () => void): NodeJS.Timeout | undefined {
  if (process.env['npm_lifecycle_event'] === undefined) return undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) stop();
  }, PARENT_CHECK_MS);
  timer.unref();
  return timer;
}
