import { parseArgs } from 'node:util';
import { closest } from '../lib/closest.js';
import { CouldNotRun, type Command, type CommandInput } from './command.js';

/** Reads what stands behind the command's name, or says in one line what is wrong with it. */
export function readArguments(name: string, command: Pick<Command, 'options' | 'takesArguments'>, argv: readonly string[]): CommandInput {
  const complain = (message: string): never => {
    throw new CouldNotRun(`${name} ${message}. \`tocsin ${name} --help\` says what it takes`);
  };
  const { values, positionals, tokens } = parseArgs({ args: [...argv], options: command.options, allowPositionals: true, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const option = command.options[token.name];
    if (option === undefined) return complain(`has no option ${token.rawName}${nearest(token.rawName, command)}`);
    if (option.type === 'boolean' && token.value !== undefined) return complain(`takes ${token.rawName} without a value`);
    const isOption = token.inlineValue === false && token.value.startsWith('-');
    if (option.type === 'string' && (token.value === undefined || token.value === '' || isOption)) return complain(`needs a value behind ${token.rawName}`);
  }
  if (command.takesArguments !== true && positionals[0] !== undefined) return complain(`takes no "${positionals[0]}"`);
  return { values, positionals };
}

function nearest(rawName: string, { options }: Pick<Command, 'options'>): string {
  const near = closest(rawName, Object.keys(options).map((option) => `--${option}`));
  return near === undefined ? '' : ` (did you mean ${near}?)`;
}
