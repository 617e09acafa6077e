import { portableRegex } from '../trace/traceql/regex.js';
import type { RegexError } from '../trace/traceql/regex.js';
import { ok, type Result } from '../lib/result.js';

/** Whether a whole name matches. */
export type NameMatcher = (name: string) => boolean;

/** Longer names are not read further; nobody names anything like that. */
const MAX_NAME = 1_024;

/**
 * A pattern in the part of regular expressions that JavaScript and RE2 share, matched in time linear in the name whatever the pattern:
 * JavaScript's own engine backtracks, and a name chosen by a stranger could keep it busy for minutes. Thompson's construction: all
 * states that the name read so far can lead to are kept side by side.
 */
export function namePattern(pattern: string): Result<NameMatcher, RegexError> {
  const portable = portableRegex(pattern);
  if (!portable.ok) return portable;
  const { source, ignoreCase } = portable.value.javascript;
  const program = new ProgramBuilder(source, ignoreCase ? 'sui' : 'su').build();
  return ok((name) => runs(program, name.length > MAX_NAME ? name.slice(0, MAX_NAME) : name));
}

/** `character`: go on to the next state when it matches. `split`: be in both. `assert`: go on where the anchor holds. */
type State =
  | { readonly kind: 'character'; readonly matches: (character: string) => boolean }
  | { readonly kind: 'split'; readonly other: number }
  | { readonly kind: 'jump'; readonly to: number }
  | { readonly kind: 'assert'; readonly holds: (name: string, index: number) => boolean }
  | { readonly kind: 'match' };

function runs(program: readonly State[], name: string): boolean {
  let current = new Set<number>();
  add(program, { name, index: 0, state: 0 }, current);
  let index = 0;
  for (const character of name) {
    index += character.length;
    const next = new Set<number>();
    for (const state of current) {
      const at = program[state];
      if (at?.kind === 'character' && at.matches(character)) add(program, { name, index, state: state + 1 }, next);
    }
    if (next.size === 0) return false;
    current = next;
  }
  return current.has(program.length - 1);
}

/** Adds a state and all that it leads to without reading a character. */
function add(program: readonly State[], place: { readonly name: string; readonly index: number; readonly state: number }, into: Set<number>): void {
  const open = [place.state];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (into.has(state)) continue;
    into.add(state);
    const at = program[state];
    if (at?.kind === 'split') open.push(at.other, state + 1);
    else if (at?.kind === 'jump') open.push(at.to);
    else if (at?.kind === 'assert' && at.holds(place.name, place.index)) open.push(state + 1);
  }
}

const WORD = /\w/;
const isBoundary = (name: string, index: number): boolean => WORD.test(name.charAt(index - 1)) !== WORD.test(name.charAt(index));
const ANCHORS: Readonly<Record<string, (name: string, index: number) => boolean>> = {
  '^': (_, index) => index === 0,
  $: (name, index) => index === name.length,
  '\\b': isBoundary,
  '\\B': (name, index) => !isBoundary(name, index),
};
/** One atom of the source that `portableRegex` writes: a class, an escape, or a character. */
const ATOM = /\[\^?(?:\\.|[^\]\\])*\]|\\(?:x[0-9a-f]{2}|.)|./suy;
const REPEAT = /([*+?])|\{(\d+)(?:(,)(\d*))?\}/y;

/** Reads what `portableRegex` wrote, which is well-formed and has no captures, no backreferences and no lookaround. */
class ProgramBuilder {
  readonly #source: string;
  readonly #flags: string;
  #offset = 0;

  constructor(source: string, flags: string) {
    this.#source = source;
    this.#flags = flags;
  }

  build(): State[] {
    return [...this.#alternatives(), { kind: 'match' }];
  }

  #alternatives(): State[] {
    let program = this.#sequence();
    while (this.#source.charAt(this.#offset) === '|') {
      this.#offset += 1;
      const other = this.#sequence();
      program = [{ kind: 'split', other: program.length + 2 }, ...shifted(program, 1), { kind: 'jump', to: program.length + 2 + other.length }, ...shifted(other, program.length + 2)];
    }
    return program;
  }

  #sequence(): State[] {
    const program: State[] = [];
    while (this.#offset < this.#source.length && !'|)'.includes(this.#source.charAt(this.#offset))) {
      const piece = this.#repeated(this.#atom());
      program.push(...shifted(piece, program.length));
    }
    return program;
  }

  #atom(): State[] {
    if (this.#source.startsWith('(?:', this.#offset)) {
      this.#offset += 3;
      const inside = this.#alternatives();
      this.#offset += 1;
      return inside;
    }
    ATOM.lastIndex = this.#offset;
    const text = ATOM.exec(this.#source)?.[0] ?? '';
    this.#offset += text.length;
    const holds = Object.hasOwn(ANCHORS, text) ? ANCHORS[text] : undefined;
    if (holds !== undefined) return [{ kind: 'assert', holds }];
    // One character against one atom: nothing to backtrack.
    const single = new RegExp(`^${text}$`, this.#flags);
    return [{ kind: 'character', matches: (character) => single.test(character) }];
  }

  #repeated(piece: readonly State[]): State[] {
    REPEAT.lastIndex = this.#offset;
    const found = REPEAT.exec(this.#source);
    if (found === null) return [...piece];
    this.#offset += found[0].length;
    // Lazy or greedy makes no difference to whether the whole name matches.
    if (this.#source.charAt(this.#offset) === '?') this.#offset += 1;
    const [, sign, least = '0', comma, most = ''] = found;
    if (sign === '*') return star(piece);
    if (sign === '+') return repeat(piece, 1, undefined);
    if (sign === '?') return repeat(piece, 0, 1);
    return repeat(piece, Number(least), comma === undefined ? Number(least) : most === '' ? undefined : Number(most));
  }
}

function star(piece: readonly State[]): State[] {
  return [{ kind: 'split', other: piece.length + 2 }, ...shifted(piece, 1), { kind: 'jump', to: 0 }];
}

function repeat(piece: readonly State[], least: number, most: number | undefined): State[] {
  const program: State[] = [];
  const append = (part: readonly State[]): void => void program.push(...shifted(part, program.length));
  for (let times = 0; times < least; times += 1) append(piece);
  if (most === undefined) append(star(piece));
  else for (let times = least; times < most; times += 1) append([{ kind: 'split', other: piece.length + 1 }, ...shifted(piece, 1)]);
  return program;
}

/** The same states at another place of the program. */
function shifted(program: readonly State[], by: number): State[] {
  return program.map((state) => {
    if (state.kind === 'split') return { kind: 'split', other: state.other + by };
    return state.kind === 'jump' ? { kind: 'jump', to: state.to + by } : state;
  });
}
