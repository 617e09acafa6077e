import { parseArgs } from 'node:util';
import { closest } from '../lib/closest.js';
import { CouldNotRun, type Command, type CommandInput } from './command.js';

/** Reads what stands behind the command's name, or says in one line what is wrong with it. */
export function readArguments(name: string, command: Pick<Command, 'options' | 'takesArguments' | 'listOptions'>, argv: readonly string[]): CommandInput {
  const complain = (message: string): never => {
    throw new CouldNotRun(`${name} ${message}. \`tocsin ${name} --help\` says what it takes`);
  };
  const { values, tokens } = parseArgs({ args: [...argv], options: command.options, allowPositionals: true, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const option = command.options[token.name];
    if (option === undefined) return complain(`has no option ${token.rawName}${nearest(token.rawName, command)}`);
    if (option.type === 'boolean' && token.value !== undefined) return complain(`takes ${token.rawName} without a value`);
    const isOption = token.inlineValue === false && token.value.startsWith('-');
    if (option.type === 'string' && (token.value === undefined || token.value === '' || isOption)) return complain(`needs a value behind ${token.rawName}`);
  }
  const { lists, positionals } = sortOut(tokens, command.listOptions ?? []);
  if (command.takesArguments !== true && positionals[0] !== undefined) return complain(`takes no "${positionals[0]}"`);
  return { values, positionals, lists };
}

type Token = { readonly kind: 'option'; readonly name: string; readonly value?: string } | { readonly kind: 'positional'; readonly value: string } | { readonly kind: 'option-terminator' };

/** Which arguments belong to a list before them, and which stand for themselves. */
function sortOut(tokens: readonly Token[], listOptions: readonly string[]): Pick<CommandInput, 'lists' | 'positionals'> {
  const lists: Record<string, string[]> = Object.fromEntries(listOptions.map((name) => [name, []]));
  const positionals: string[] = [];
  let open = positionals;
  for (const token of tokens) {
    if (token.kind === 'positional') open.push(token.value);
    if (token.kind !== 'option') continue;
    const list = lists[token.name];
    open = list ?? positionals;
    if (list !== undefined && token.value !== undefined) list.push(token.value);
  }
  return { lists, positionals };
}

function nearest(rawName: string, { options }: Pick<Command, 'options'>): string {
  const near = closest(rawName, Object.keys(options).map((option) => `--${option}`));
  return near === undefined ? '' : ` (did you mean ${near}?)`;
}
