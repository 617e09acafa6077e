import { Session } from 'node:inspector';

/** Which blocks of the ingest code ran, by V8's own counters: what makes fuzzing coverage-guided without a native fuzzer. */
export class Coverage {
  #session = new Session();
  #seen = new Set();

  constructor() {
    this.#session.connect();
    this.#call('Profiler.enable');
    this.#call('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  get blocks() {
    return this.#seen.size;
  }

  /** Whether anything ran since the last call that had never run before. With `keeps` false it is not remembered. */
  takeNews({ keeps = true } = {}) {
    let isNew = false;
    for (const script of this.#call('Profiler.takePreciseCoverage').result) {
      if (!script.url.includes('/ingest/')) continue;
      for (const { ranges } of script.functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count === 0) continue;
          // How often counts in powers of two: a loop that runs longer is news as well.
          const key = `${script.scriptId}:${startOffset}:${endOffset}:${Math.min(6, 31 - Math.clz32(count))}`;
          if (this.#seen.has(key)) continue;
          isNew = true;
          if (keeps) this.#seen.add(key);
        }
      }
    }
    return isNew;
  }

  #call(method, parameters) {
    let answer;
    // The session is of this very thread, where calls are answered before they return.
    this.#session.post(method, parameters, (error, result) => {
      if (error !== null) throw new Error(`${method}: ${error.message}`);
      answer = result;
    });
    return answer;
  }
}
