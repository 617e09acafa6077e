import { closest } from '../lib/closest.js';
import { readArguments } from './arguments.js';
import { CouldNotRun, EXIT_COULD_NOT_RUN, EXIT_FINE, printError, printLine, type Command } from './command.js';
import { COMMANDS } from './commands.js';
import { tocsinVersion } from './tocsin-version.js';

/** `tocsin WORDS…`, with everything that it says to people; the exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  try {
    return await run(argv);
  } catch (error) {
    const isExpected = error instanceof CouldNotRun;
    printError(isExpected ? `tocsin: ${error.message}` : `tocsin: this is a defect of Tocsin, please report it.\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return EXIT_COULD_NOT_RUN;
  }
}

async function run(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    printOverview();
    return name === undefined ? EXIT_COULD_NOT_RUN : EXIT_FINE;
  }
  if (name === '--version' || name === '-V') {
    printLine(tocsinVersion());
    return EXIT_FINE;
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

function printOverview(): void {
  printLine('tocsin COMMAND [OPTIONS]\n');
  for (const { name, summary } of COMMANDS) printLine(`  ${name.padEnd(10)} ${summary}`);
  printLine('\nExit codes: 0 fine, 1 the answer is no, 2 could not run. `tocsin COMMAND --help` says more.');
}

function printHelp(name: string, summary: string, command: Command): void {
  printLine(`tocsin ${name} ${command.usage}`.trimEnd());
  printLine(`\n${summary}\n`);
  for (const [option, meaning] of command.help) printLine(`  ${option.padEnd(22)} ${meaning}`);
}
