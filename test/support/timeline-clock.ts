import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/lib/duration.js';
import type { Clock } from '../../src/lib/clock.js';
import type { Timer } from '../../src/notify/system-timer.js';

/** Every story begins at 2026-11-20 00:00 UTC. */
export const STORY_START_MS = Date.UTC(2026, 10, 20);

export interface Between {
  readonly fromMs: number;
  readonly toMs: number;
}

const MOMENT = /^(?:(\d+)d )?(\d{2}):(\d{2})(?::(\d{2}))?$/;

/** `00:05`, `00:05:30`, `20d 12:00` (twenty days into the story) as Unix milliseconds. */
export function momentOf(text: string): number {
  const match = MOMENT.exec(text);
  if (match === null) throw new Error(`"${text}" is not a moment: write 00:05, 00:05:30 or 20d 12:00`);
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0)) as [number, number, number, number];
  return STORY_START_MS + days * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS;
}

export function between(from: string, to: string): Between {
  return { fromMs: momentOf(from), toMs: momentOf(to) };
}

/** The inverse of momentOf, for transcripts. */
export function momentInWords(atMs: number): string {
  const days = Math.floor((atMs - STORY_START_MS) / DAY_MS);
  return `${days === 0 ? '' : `${days}d `}${new Date(atMs).toISOString().slice(11, 19)}`;
}

interface Alarm {
  readonly atMs: number;
  readonly run: () => void;
}

/** Timers of one process life, fired by whoever turns the clock. */
export class FakeTimer implements Timer {
  readonly #clock: Clock;
  #alarms: Alarm[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  after(delayMs: number, run: () => void): () => void {
    const alarm: Alarm = { atMs: this.#clock.nowMs() + delayMs, run };
    this.#alarms.push(alarm);
    return () => { this.#alarms = this.#alarms.filter((other) => other !== alarm); };
  }

  /** Timers count lengths of time: a clock that is set moves none of them. */
  shift(byMs: number): void {
    this.#alarms = this.#alarms.map(({ atMs, run }) => ({ atMs: atMs + byMs, run }));
  }

  nextMs(): number {
    return Math.min(Infinity, ...this.#alarms.map(({ atMs }) => atMs));
  }

  /** Runs what is due, in the order in which it fell due. */
  fire(): void {
    const due = this.#alarms.filter(({ atMs }) => atMs <= this.#clock.nowMs()).sort((left, right) => left.atMs - right.atMs);
    this.#alarms = this.#alarms.filter((alarm) => !due.includes(alarm));
    for (const { run } of due) run();
  }
}

/** Work that really takes time (DuckDB's threads, loopback sockets). The story's clock stands still until it is done. */
export class Activity {
  readonly #pending = new Set<Promise<unknown>>();

  track<T>(work: Promise<T>): Promise<T> {
    const done = work.then(() => undefined, () => undefined).finally(() => this.#pending.delete(done));
    this.#pending.add(done);
    return work;
  }

  /** Resolves when nothing tracked is under way and everything that it set off has run. */
  async settle(): Promise<void> {
    do {
      while (this.#pending.size > 0) await Promise.race(this.#pending);
      await new Promise((resolve) => { setImmediate(resolve); });
    } while (this.#pending.size > 0);
  }
}
