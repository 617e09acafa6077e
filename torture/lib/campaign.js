// What campaigns have in common: options, the seed, a promise that is broken.
import { parseArgs } from 'node:util';
import { createRandom } from './random.js';

const MAX_SHOWN = 5;
const MS_PER_MINUTE = 60_000;

/** `--rounds`, `--seed`, `--minutes`: whole numbers. Prints the seed, which repeats a run as far as a kill at a moment can be repeated. */
export function readOptions({ rounds, minutes }) {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: String(rounds) }, minutes: { type: 'string', default: String(minutes) }, seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) } } });
  const read = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]));
  const isWrong = Object.entries(read).find(([name, value]) => !Number.isInteger(value) || value < (name === 'seed' ? 0 : 1));
  if (isWrong !== undefined) {
    process.stderr.write(`--${isWrong[0]} is a whole number, at least ${isWrong[0] === 'seed' ? 0 : 1}\n`);
    process.exit(2);
  }
  say(`${read.rounds} rounds, at most ${read.minutes} minutes, --seed ${read.seed}`);
  return { rounds: read.rounds, untilMs: Date.now() + read.minutes * MS_PER_MINUTE, random: createRandom(read.seed) };
}

export function say(text) {
  process.stdout.write(`${text}\n`);
}

/** Ends the campaign with 1 when there is anything in `broken`. */
export function endIfBroken(broken, where) {
  if (broken.length === 0) return;
  for (const problem of broken.slice(0, MAX_SHOWN)) process.stderr.write(`broken in ${where}: ${problem}\n`);
  if (broken.length > MAX_SHOWN) process.stderr.write(`and ${broken.length - MAX_SHOWN} more\n`);
  process.exit(1);
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What senders know: every batch ever sent, and which were answered with success. */
export class Sent {
  batches = new Map();
  acknowledged = new Set();

  add(batch) {
    this.batches.set(batch.name, batch);
    return batch;
  }

  unanswered() {
    return [...this.batches.values()].filter(({ name }) => !this.acknowledged.has(name));
  }
}
