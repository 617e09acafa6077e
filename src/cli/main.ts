import { parseArgs } from 'node:util';
import { CouldNotRun, EXIT_COULD_NOT_RUN, EXIT_FINE, printError, printLine, type Command } from './command.js';
import { COMMANDS } from './commands.js';
import { closest } from '../lib/closest.js';

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    printOverview();
    return name === undefined ? EXIT_COULD_NOT_RUN : EXIT_FINE;
  }
  const entry = COMMANDS.find((command) => command.name === name);
  if (entry === undefined) {
    const near = closest(name, COMMANDS.map((command) => command.name));
    throw new CouldNotRun(`there is no command "${name}"${near === undefined ? '' : `, did you mean "${near}"?`} \`tocsin --help\` lists them`);
  }
  const command = await entry.load();
  if (rest.includes('--help') || rest.includes('-h')) {
    printHelp(entry.name, entry.summary, command);
    return EXIT_FINE;
  }
  return command.run(readArguments(entry.name, command, rest));
}

function readArguments(name: string, command: Command, argv: readonly string[]): { values: Record<string, string | boolean | undefined>; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: command.options, allowPositionals: true, strict: true });
    return { values: values as Record<string, string | boolean | undefined>, positionals };
  } catch (error) {
    throw new CouldNotRun(`${error instanceof Error ? error.message : String(error)}. \`tocsin ${name} --help\` says what it takes`);
  }
}

function printOverview(): void {
  printLine('tocsin COMMAND [OPTIONS]\n');
  for (const { name, summary } of COMMANDS) printLine(`  ${name.padEnd(10)} ${summary}`);
  printLine('\nExit codes: 0 fine, 1 the answer is no, 2 could not run. `tocsin COMMAND --help` says more.');
}

function printHelp(name: string, summary: string, command: Command): void {
  printLine(`tocsin ${name} ${command.usage}\n\n${summary}\n`);
  for (const [option, meaning] of command.help) printLine(`  ${option.padEnd(22)} ${meaning}`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CouldNotRun)) throw error;
  printError(`tocsin: ${error.message}`);
  process.exitCode = EXIT_COULD_NOT_RUN;
}
