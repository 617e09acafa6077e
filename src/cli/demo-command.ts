import { parseDuration } from '../lib/duration.js';
import { CouldNotRun, type Command } from './command.js';
import { runDemo } from './demo/run-demo.js';

export const demoCommand: Command = {
  usage: '[--for 3m]',
  options: { for: { type: 'string' } },
  help: [['--for 3m', 'end after this time with a summary; exit code 0 when the page arrived. Default: until Ctrl-C']],
  async run({ values }) {
    const text = values['for'];
    if (typeof text !== 'string') return runDemo({ forMs: undefined });
    const duration = parseDuration(text);
    if (!duration.ok) throw new CouldNotRun(`--for: ${duration.error}`);
    return runDemo({ forMs: duration.value });
  },
};
