import { printLine } from '../command.js';

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Style = keyof typeof STYLES;

/** How the demo talks: lines with the time in front, colours only where a person looks at them. */
export interface Story {
  /** One thing that happened now. */
  tell(text: string, style?: Style): void;
  /** A message of somebody else, with a bar beside it. */
  quote(lines: readonly string[]): void;
  /** A plain line. */
  line(text?: string): void;
}

export function terminalStory(print: (line: string) => void = printLine, coloured = wantsColour()): Story {
  const paint = (text: string, style: Style | undefined): string =>
    style === undefined || !coloured ? text : `\u001b[${STYLES[style]}m${text}\u001b[0m`;
  return {
    tell: (text, style) => print(`${paint(clockTime(Date.now()), 'dim')}  ${paint(text, style)}`),
    quote: (lines) => {
      for (const line of lines) print(`          ${paint('│', 'cyan')} ${line}`);
    },
    line: (text = '') => print(text),
  };
}

/** `10:01:52`, UTC like every time that Tocsin shows. */
export function clockTime(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(11, 19);
}

function wantsColour(): boolean {
  return process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
}
