import type { ParseArgsConfig } from 'node:util';

/** Exit codes of every command: the answer is yes, the answer is no, it could not run. */
export const EXIT_FINE = 0;
export const EXIT_NO = 1;
export const EXIT_COULD_NOT_RUN = 2;

export interface CommandInput {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
  /** What stands behind each option of `listOptions`, in order. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
}

export interface Command {
  /** What stands behind the name: `[PATH…]`. */
  readonly usage: string;
  /** False: anything that is not an option is a mistake. */
  readonly takesArguments?: boolean;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** Options that take every argument up to the next option: `--baseline FILE…`. */
  readonly listOptions?: readonly string[];
  /** One line for each option and argument, as `--help` prints them. */
  readonly help: readonly (readonly [string, string])[];
  run(input: CommandInput): Promise<number>;
}

/** What a person typed is wrong, or the ground it needs is missing: printed as one line, exit code 2. */
export class CouldNotRun extends Error {
  override readonly name = 'CouldNotRun';
}

/** `3 spans`, `1 span`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`);
}

export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}
