/** Gives the text that takes the place of a member's value, or `undefined` where the value may stay. */
export type MemberConcealer = (member: { readonly name: string; readonly path: string }, value: string) => string | undefined;

/** Members deeper than this are known by their name alone. */
const MAX_PATH_DEPTH = 32;
const BLANK = /[\s]*/y;
const STRING = /"(?:[^"\\]|\\.)*(?:"|\\?$)/sy;
const BARE = /[^\s,\]}]*/y;

/**
 * Conceals values in a text that is JSON, by the names of their members. Everything else stays as it is to the character: parsing and
 * writing it anew would round large numbers. What is not JSON is read as far as it goes. One pass.
 */
export function redactJsonMembers(text: string, conceal: MemberConcealer): string {
  const open: { readonly isObject: boolean; readonly path: string }[] = [];
  let result = '';
  let done = 0;
  let path = '';
  let expectsName = false;
  for (let at = 0; at < text.length;) {
    const character = text.charAt(at);
    if (character === '{' || character === '[') {
      open.push({ isObject: character === '{', path });
      expectsName = character === '{';
      at += 1;
    } else if (character === '}' || character === ']') {
      open.pop();
      expectsName = false;
      at += 1;
    } else if (character === ',') {
      const around = open.at(-1);
      expectsName = around?.isObject === true;
      path = around?.path ?? '';
      at += 1;
    } else if (character !== '"') {
      at += 1;
    } else {
      const end = endOf(STRING, text, at);
      const colon = expectsName ? endOf(BLANK, text, end) : -1;
      if (colon < 0 || text.charAt(colon) !== ':') {
        at = end;
        continue;
      }
      const name = unquoted(text.slice(at, end));
      const outer = open.at(-1)?.path ?? '';
      path = outer === '' || open.length > MAX_PATH_DEPTH ? name : `${outer}.${name}`;
      const start = endOf(BLANK, text, colon + 1);
      expectsName = false;
      const concealed = concealValue(text, start, (value) => conceal({ name, path }, value));
      if (concealed === undefined) {
        at = start;
      } else {
        result += text.slice(done, start) + JSON.stringify(concealed.text);
        done = concealed.end;
        at = concealed.end;
      }
    }
  }
  return done === 0 ? text : result + text.slice(done);
}

function concealValue(text: string, start: number, conceal: (value: string) => string | undefined): { readonly text: string; readonly end: number } | undefined {
  // Asked before the end is looked for: else values in values would be read again at every depth.
  if (conceal('') === undefined) return undefined;
  const end = valueEnd(text, start);
  const written = text.slice(start, end);
  const value = written.startsWith('"') ? unquoted(written) : written;
  if (value === '' || value === 'null') return undefined;
  const concealed = conceal(value);
  return concealed === undefined || concealed === value ? undefined : { text: concealed, end };
}

function valueEnd(text: string, start: number): number {
  const first = text.charAt(start);
  if (first === '"') return endOf(STRING, text, start);
  if (first !== '{' && first !== '[') return endOf(BARE, text, start);
  let depth = 0;
  for (let at = start; at < text.length;) {
    const character = text.charAt(at);
    if (character === '"') {
      at = endOf(STRING, text, at);
      continue;
    }
    if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    at += 1;
    if (depth === 0) return at;
  }
  return text.length;
}

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at + 1;
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text.replaceAll('"', '');
  }
}
