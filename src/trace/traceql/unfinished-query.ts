import { tokenize, type Token } from './lexer.js';
import { TraceqlFailure } from './traceql-error.js';

const COMPARISONS: readonly string[] = ['=', '!=', '>', '>=', '<', '<=', '=~', '!~'];
const OPENERS: Readonly<Record<string, string>> = { '{': '}', '(': ')' };
/** Beside these a condition begins or ends. */
const BEFORE: readonly string[] = ['{', '(', '&&', '||', '!'];
const AFTER: readonly string[] = ['}', ')', '&&', '||', ''];

/**
 * A query as far as somebody has typed it, made whole: conditions that are not finished count as true, what was opened is closed. As Tempo does it
 * (pkg/traceql/lenient_parser.go), so that the names and values offered follow from the conditions that are there.
 */
export function finishQuery(text: string): string {
  const source = withoutRest(text);
  const tokens = tokenize(source);
  const written = tokens.map((token) => source.slice(token.start, token.end));
  const open: string[] = [];
  const finished: string[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const here = written[index] ?? '';
    if (open.includes('}') && isConditionMissing(finished.at(-1) ?? '', here)) finished.push('true');
    const unfinished = open.includes('}') && BEFORE.includes(finished.at(-1) ?? '') ? unfinishedLength(tokens, written, index) : 0;
    if (unfinished > 0) {
      finished.push('true');
      index += unfinished - 1;
      continue;
    }
    if (OPENERS[here] !== undefined) open.push(OPENERS[here]);
    if (here === open.at(-1)) open.pop();
    if (here !== '') finished.push(here);
  }
  return [...finished, ...open.reverse()].join(' ');
}

/** What comes before the first thing that is no token, like a text that is not closed. */
function withoutRest(text: string): string {
  try {
    tokenize(text);
    return text;
  } catch (error) {
    if (error instanceof TraceqlFailure) return error.offset < text.length ? withoutRest(text.slice(0, error.offset)) : '';
    throw error;
  }
}

/** `{ && …`, `… && }`; an empty `{ }` is whole. */
function isConditionMissing(before: string, here: string): boolean {
  return (BEFORE.includes(before) && (here === '&&' || here === '||')) || (['&&', '||', '!', '('].includes(before) && AFTER.includes(here));
}

/** How many tokens the unfinished condition at `index` has: a field, or a field and an operator; 0: it is finished. */
function unfinishedLength(tokens: readonly Token[], written: readonly string[], index: number): number {
  const token = tokens[index];
  const isOperand = token !== undefined && token.type !== 'symbol' && token.type !== 'end';
  if (!isOperand) return 0;
  const next = written[index + 1] ?? '';
  if (AFTER.includes(next)) return (token.type === 'attribute' || token.type === 'word') && !['true', 'false'].includes(written[index] ?? '') ? 1 : 0;
  return COMPARISONS.includes(next) && AFTER.includes(written[index + 2] ?? '') ? 2 : 0;
}
