// Preloaded with `node --import`: the clock of the process, of all its threads, runs TORTURE_CLOCK = "RATE,FROM[,AHEAD]" times as fast since FROM (Unix
// milliseconds), AHEAD milliseconds ahead, and what comes once a minute or less comes so much sooner. What takes hours is walked through in seconds, and jumps are tried out.
const SystemDate = Date;
const systemInterval = setInterval;
const [rate, fromMs, aheadMs = 0] = process.env.TORTURE_CLOCK.split(',').map(Number);
/** Shorter ones are about this machine and not about the time of the day. */
const LONG_MS = 30_000;

const nowMs = () => Math.floor(fromMs + (SystemDate.now() - fromMs) * rate) + aheadMs;

globalThis.Date = class extends SystemDate {
  constructor(...values) {
    super(...(values.length === 0 ? [nowMs()] : values));
  }

  static now() {
    return nowMs();
  }
};
globalThis.setInterval = Object.assign((work, ms, ...rest) => systemInterval(work, ms >= LONG_MS ? ms / rate : ms, ...rest), systemInterval);
