import { causeOf, GRAMMARS, type Grammar, type RawFrame, type StackLanguage } from './stack-grammars.js';

/** One frame of a stack, without what changes from build to build or from host to host. */
export interface StackFrame {
  /** `com.acme.Cart.add`, `charge (payment.js)`. */
  readonly text: string;
  /** Of the program itself, not of its runtime, framework or libraries. */
  readonly own: boolean;
}

export interface NormalisedStack {
  readonly language: StackLanguage;
  /** Innermost first, as they were read; at most MAX_FRAMES. */
  readonly frames: readonly StackFrame[];
  /** What tells failures apart: own frames, innermost first, each once; those of libraries where there is no own one. At most KEY_FRAMES. */
  readonly key: readonly string[];
}

/** Stacks are cut here before anything looks at them. */
export const MAX_STACK_LENGTH = 32_768;
const MAX_LINE_LENGTH = 1_024;
export const MAX_FRAMES = 64;
/** Deeper frames say how the request came here, which is the operation's part of the signature. */
export const KEY_FRAMES = 5;

/** What a version of the normaliser makes of stacks. */
export interface StackRules {
  readonly grammars: readonly Grammar[];
  /** The part of a stack in which the failure began. */
  readonly causeOf: (stack: string) => string;
  readonly textOf: (frame: RawFrame, grammar: Grammar) => string;
  /** Of the frames that count, innermost first, those that tell failures apart. */
  readonly distinct: (texts: readonly string[]) => readonly string[];
}

const RULES: StackRules = {
  grammars: GRAMMARS, causeOf, textOf: frameText,
  // Recursion of any depth, also by turns, and members of a group of errors are each frame once.
  distinct: (texts) => [...new Set(texts)],
};

/** Undefined where no frame of a known language is in the text. */
export function normaliseStack(stack: string): NormalisedStack | undefined {
  return normaliseStackBy(RULES, stack);
}

export function normaliseStackBy(rules: StackRules, stack: string): NormalisedStack | undefined {
  const lines = rules.causeOf(stack.slice(0, MAX_STACK_LENGTH)).split(/\r?\n/u).map((line) => line.slice(0, MAX_LINE_LENGTH).trimEnd());
  let best: { readonly grammar: Grammar; readonly raw: readonly RawFrame[] } | undefined;
  for (const grammar of rules.grammars) {
    const raw = lines.flatMap((line, index) => grammar.parse(line, lines[index + 1] ?? '') ?? []);
    if (raw.length > (best?.raw.length ?? 0)) best = { grammar, raw };
  }
  if (best === undefined) return undefined;
  const { grammar, raw } = best;
  const ordered = grammar.innermostLast === true ? raw.toReversed() : raw;
  const frames = ordered.slice(0, MAX_FRAMES).map((each): StackFrame => ({ text: rules.textOf(each, grammar), own: !grammar.foreign.test(each.name) && !grammar.foreign.test(each.file) }));
  const own = frames.filter((each) => each.own);
  return { language: grammar.language, frames, key: rules.distinct((own.length > 0 ? own : frames).map(({ text }) => text)).slice(0, KEY_FRAMES) };
}

/** Bundlers give names of one or two letters, other ones with each build. */
const MINIFIED_NAME = /^(?:new )?[\w$]{1,2}(?:\.[\w$]{1,2})*$/;
const BUNDLE = /<hash>|\.min\.|\bbundle\b|\bchunk\b/;

/** What compilers, bundlers and frameworks make up anew with each build or start is no part of a name. */
const MADE_UP: readonly (readonly [RegExp, string])[] = [
  [/\$\$(?:Lambda|EnhancerBy\w{1,40}|FastClassBy\w{1,40}|SpringCGLIB)[\w$/]{0,80}/g, '$$generated'],
  [/_\$\$_(?:jvst|javassist)\w{0,40}/g, '$$generated'],
  [/\$(HibernateProxy|ByteBuddy)\$\w{1,40}/g, '$$$1'],
  [/(lambda\$\w{1,100})\$\d{1,6}/g, '$1'],
  [/\$Proxy\d{1,6}/g, '$$Proxy'],
  [/GeneratedMethodAccessor\d{1,6}/g, 'GeneratedMethodAccessor'],
  // Clojure numbers its functions, F# names them after their lines.
  [/(fn|eval|reify)__\d{1,9}/g, '$1'],
  [/@\d{1,6}(?:-\d{1,4})?/g, ''],
  [/0x[0-9a-fA-F]{1,16}/g, '<hex>'],
  [/<>c(?:__DisplayClass\d{1,4}_\d{1,4})?/g, '<lambda>'],
  [/<(\w{1,100})>g__(\w{1,100})\|\d{1,4}_\d{1,4}/g, '$1.$2'],
  [/\$\d{1,4}(?=[.$]|$)/g, '$$<n>'],
  [/<(\w{1,100})>[bdg]__\d{1,4}(?:_\d{1,4})?/g, '$1'],
  // Go counts closures, and what `defer`, `go` and `range` make of them.
  [/(?:\.func\d{1,4}|\.\d{1,4}|\.gowrap\d{1,4}|\.deferwrap\d{1,4}|-range\d{1,4}){1,8}$/, '.func'],
  [/\{(?:\{closure\}\}|closure#\d{1,4}\}|closure_env#\d{1,4}\})/g, '{closure}'],
  [/::h[0-9a-f]{16}$/, ''],
];

function frameText({ name, file }: RawFrame, { withFile }: Grammar): string {
  const plain = MADE_UP.reduce((text, [made, instead]) => text.replace(made, instead), name).trim();
  const base = withFile ? fileName(file) : '';
  const called = plain === '' || plain === 'Object.<anonymous>' ? '<anonymous>' : MINIFIED_NAME.test(plain) && BUNDLE.test(base) ? '<minified>' : plain;
  return base === '' ? called : `${called} (${base})`;
}

/** The last part of the path; `main.4f3a2b1c.js` is `main.<hash>.js`, and so is `main-BqJ3xY7z.js`: eight characters, capitals or digits among them. */
function fileName(path: string): string {
  return (path.split(/[\\/]/).at(-1) ?? '').replace(/\?.{0,600}$/, '').replace(/(?<=[.-])(?=[a-f]{0,31}\d)[0-9a-f]{6,32}(?=\.)/g, '<hash>')
    .replace(/(?<=[.-])(?=\w[a-z_-]{0,6}[A-Z0-9])[\w-]{8}(?=\.[mc]?js$)/, '<hash>');
}
