/** Timers as a port, so that tests turn the clock by hand. */
export interface Timer {
  /** Returns how to cancel. */
  after(delayMs: number, run: () => void): () => void;
}

export const SYSTEM_TIMER: Timer = {
  after: (delayMs, run) => {
    const timeout = setTimeout(run, delayMs);
    return () => { clearTimeout(timeout); };
  },
};
