import { PATTERNS, type MessagePatterns } from './message-patterns.js';

/** Messages are cut here before anything looks at them: the first two lines say what failed, the rest is the stack. */
export const MAX_MESSAGE_LINES = 2;
export const MAX_MESSAGE_LENGTH = 1_024;

/** In the order in which they are tried. */
export const PARAMETER_NAMES: readonly string[] = PATTERNS.patterns.map(([name]) => name);

/** One value that was taken out of a message. */
export interface Replacement {
  readonly value: string;
  /** `<number>`. */
  readonly by: string;
}

export interface Parameterised {
  readonly message: string;
  /** Every replacement in the order of the text. */
  readonly replacements: readonly Replacement[];
}

/** `card 4f1c… declined after 1200 ms` → `card <hash> declined after <duration>`. Equal input, equal output, on every machine. */
export const parameterise: (message: string) => string = parameteriseBy(PATTERNS);

/** The same, with what was replaced. */
export const explainParameterise: (message: string) => Parameterised = explainBy(PATTERNS);

export function parameteriseBy(patterns: MessagePatterns): (message: string) => string {
  const explain = explainBy(patterns);
  return (message) => explain(message).message;
}

function explainBy({ patterns, listsAreOne }: MessagePatterns): (message: string) => Parameterised {
  const combined = new RegExp(patterns.map(([name, pattern]) => `(?<${name}>${pattern})`).join('|'), 'gu');
  return (message) => {
    const text = firstLines(message);
    const replacements: { value: string; by: string }[] = [];
    let [parameterised, end] = ['', 0];
    for (const match of text.matchAll(combined)) {
      const name = patterns.find(([each]) => match.groups![each] !== undefined)![0];
      const [between, by, last] = [text.slice(end, match.index), `<${name}>`, replacements.at(-1)];
      end = match.index + match[0].length;
      if (listsAreOne && last?.by === by && /^, ?$/.test(between)) last.value += between + match[0];
      else {
        parameterised += between + by;
        replacements.push({ value: match[0], by });
      }
    }
    return { message: parameterised + text.slice(end), replacements };
  };
}

/** The first lines that say something, white space collapsed, cut to a bounded length. */
function firstLines(message: string): string {
  return message.slice(0, MAX_MESSAGE_LENGTH * 4).split(/\r?\n/u).map((line) => line.replace(/\s{1,1024}/gu, ' ').trim())
    .filter((line) => line !== '').slice(0, MAX_MESSAGE_LINES).join('\n').slice(0, MAX_MESSAGE_LENGTH)
    // Half a character at the cut has no bytes of its own to hash.
    .replace(/[\uD800-\uDBFF]$/, '');
}
