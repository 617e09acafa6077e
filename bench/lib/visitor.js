// Someone who looks at pages and queries while the service ingests, so that figures are those of a service in use.
const PATHS = ['/', '/services', '/incidents', '/ingest', '/traces?q=%7B%20status%20%3D%20error%20%7D&range=15m', '/api/v1/slos', '/api/v1/services?range=15m'];
const PAUSE_MS = 400;

export class Visitor {
  #base;
  #stopped = false;
  #done;
  slowestMs = 0;
  visits = 0;
  failures = 0;

  constructor(base) {
    this.#base = base;
    this.#done = this.#walk();
  }

  async #walk() {
    for (let index = 0; !this.#stopped; index += 1) {
      const startedMs = performance.now();
      const ok = await fetch(this.#base + PATHS[index % PATHS.length]).then(async (response) => { await response.arrayBuffer(); return response.ok; }, () => false);
      this.visits += 1;
      if (!ok) this.failures += 1;
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startedMs);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  stop() {
    this.#stopped = true;
    return this.#done;
  }
}

/** p99 of the event loop's delay since the last time it was asked for, in milliseconds: the metric starts anew at each scrape. */
export async function loopDelayP99Ms(base) {
  const text = await (await fetch(`${base}/metrics`)).text();
  return Number(/^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(text)?.[1] ?? NaN) * 1_000;
}
