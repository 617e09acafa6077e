// The stacks of v2, as they were released. What is better goes into `stack-grammars.ts` and `stack-frames.ts`; what is read here never changes any more (golden/signature-ids.json).
import { normaliseStackBy, type StackRules } from './stack-frames.js';
import { frame, javaLine, phpLine, type Grammar, type RawFrame } from './stack-grammars.js';

/** The one that reads most lines counts, of equals the first. Every repetition is bounded. */
const GRAMMARS: readonly Grammar[] = [
  {
    language: 'python', innermostLast: true, withFile: true, parse: (line) => frame(/^[\s|]{0,24}File "([^"]{1,512})", line \d{1,9}, in (.{1,256})$/.exec(line), [2, 1]),
    foreign: /[\\/](?:site-packages|dist-packages)[\\/]|[\\/]lib[\\/]python[\d.]{1,8}[\\/]|<frozen /,
  },
  {
    // Frames without sources, as programs without debugging information have them, look like native ones of Java.
    language: 'dotnet', withFile: false, parse: (line) => frame(/^\s{1,16}at ([\w.`<>+[\],|]{1,400}\.[\w.`<>|[\],]{1,200})\([^:]{0,500}\)( in .{1,400}:line \d{1,9})?\s{0,4}$/.exec(javaLine(line) === '' ? line : ''), [1, 2]),
    foreign: /^(?:System|Microsoft|Grpc|Npgsql|MassTransit|Polly|Newtonsoft)\./,
  },
  {
    language: 'java', withFile: false, parse: (line) => frame(/^\s{1,16}at (?:[\w.@-]{1,200}\/){0,2}([\w.$/<>]{1,400})\(([^()]{0,200})\)/.exec(javaLine(line)), [1, 2]),
    foreign: /^(?:java|javax|jakarta|jdk|sun|com\.sun|kotlin|kotlinx|scala|akka|org\.springframework|org\.apache|org\.hibernate|org\.eclipse|org\.jboss|io\.netty|io\.grpc|io\.vertx|io\.micronaut|io\.quarkus|io\.opentelemetry|reactor|com\.zaxxer|okhttp3|com\.fasterxml)\./,
  },
  {
    language: 'rust', withFile: false, parse: (line, next) => {
      const [, name] = /^\s{1,16}\d{1,4}: (?:0x[0-9a-f]{1,16} - )?([\w:<>&$ ,{}#]{1,400})$/.exec(line) ?? [];
      return name === undefined ? undefined : { name: name.replace(/::h[0-9a-f]{16}$/, ''), file: /^\s{1,24}at (.{1,400}?):\d/.exec(next)?.[1] ?? '' };
    },
    foreign: /^<?(?:std|core|alloc|tokio|hyper|tower|futures|futures_util|axum|tonic)::|^(?:_*rust_\w{1,60}|_{0,2}libc_start\w{0,30}|_start|_?main|start_thread|_*clone\d?)$|^\/rustc\/|[\\/]\.?cargo[\\/]registry[\\/]/,
  },
  {
    language: 'javascript', withFile: true,
    parse: (line) => frame(/^\s{1,16}at (?:async )?(?:new )?([^()]{1,256}?) \((?:async )?([^()]{1,600}?)(?::\d{1,9}){1,2}\)$/.exec(line), [1, 2]) ?? frame(/^\s{1,16}at (?:async )?()([^()\s]{1,600}?)(?::\d{1,9}){1,2}$/.exec(line), [1, 2])
      // Firefox and Safari.
      ?? frame(/^([^\s@()]{0,200})@((?:https?|file|webpack|webpack-internal|capacitor|app):\/\/[^\s@]{1,600}?)(?::\d{1,9}){1,2}$/.exec(line), [1, 2]),
    foreign: /[\\/]node_modules[\\/]|^node:|^internal[\\/]|^<anonymous>$|^native$/,
  },
  {
    language: 'ruby', withFile: true, parse: (line) => frame(/^\s{0,16}(?:from )?([^\s:]{1,400}\.rb):\d{1,9}:in [`'](?:(?:block (?:\(\d{1,3} levels\) )?|rescue |ensure )in ){0,8}([^'`]{1,200})'$/.exec(line), [2, 1]),
    foreign: /[\\/]gems[\\/]|[\\/]lib[\\/]ruby[\\/]/,
  },
  {
    language: 'php', withFile: true, parse: (line) => frame(/^#\d{1,4} ([^()]{1,400})\(\d{1,9}\): ([\w\\>:{}@-]{1,256})\(/.exec(phpLine(line)), [2, 1]), foreign: /[\\/]vendor[\\/]/,
  },
  {
    language: 'go', withFile: false, parse: (line, next) => {
      const [, name] = /^([\w./@~-]{1,300}(?:\.\(\*?[\w[\].]{1,100}\))?(?:\.[\w-]{1,100}){1,8})(?:\[\.{3}\])?(?:\(.{0,600}\))?$/.exec(line) ?? [];
      const [, file] = /^\s{1,16}([^\s:]{1,400}\.go):\d{1,9}/.exec(next) ?? [];
      return name === undefined || file === undefined ? undefined : { name, file };
    },
    foreign: /^(?:runtime|net|testing|sync|reflect|database|encoding|os|io|fmt|strings|strconv|context|errors|bufio|bytes|time|syscall|internal|log|crypto|html|text|sort|slices|maps)(?:\/[a-z0-9/]{1,60})?\.(?![a-z]{2,10}\/)|^(?:google\.golang\.org|golang\.org|go\.opentelemetry\.io)\b|@v\d|[\\/]go[\\/]pkg[\\/]mod[\\/]|[\\/]usr[\\/]local[\\/]go[\\/]/,
  },
];

const RULES: StackRules = { grammars: GRAMMARS, causeOf, textOf: frameText, distinct: withoutRepeats };

/** Undefined where no frame of a known language is in the text. */
export function firstStackFrames(stack: string): readonly string[] | undefined {
  return normaliseStackBy(RULES, stack)?.key;
}

/** Where a chain of causes began: Java, Kotlin and JavaScript write that last; .NET, Python and PHP write it first. */
function causeOf(stack: string): string {
  const last = Math.max(stack.lastIndexOf('\nCaused by: '), stack.lastIndexOf('\ncaused by: '), stack.lastIndexOf('[cause]: '));
  const own = last >= 0 ? stack.slice(last) : stack;
  const end = /--- End of inner exception stack trace ---|\n[^\S\n]{0,100}\n(?:The above exception was the direct cause|During handling of the above exception)|\n\nNext |\n\tSuppressed: /.exec(own);
  return end === null ? own : own.slice(0, end.index);
}

/** Bundlers give names of one or two letters, other ones with each build. */
const MINIFIED_NAME = /^(?:new )?[\w$]{1,2}(?:\.[\w$]{1,2})*$/;
const BUNDLE = /<hash>|\.min\.|\bbundle\b|\bchunk\b/;

/** What a compiler or a bundler makes up anew with each build or start is no part of a name. */
function frameText({ name, file }: RawFrame, { withFile }: Grammar): string {
  const plain = name.replace(/\$\$(?:Lambda|EnhancerBy\w{1,40}|FastClassBy\w{1,40}|SpringCGLIB)[\w$/]{0,80}/g, '$$generated').replace(/(lambda\$\w{1,100})\$\d{1,6}/g, '$1')
    .replace(/\$Proxy\d{1,6}/g, '$$Proxy').replace(/GeneratedMethodAccessor\d{1,6}/g, 'GeneratedMethodAccessor').replace(/0x[0-9a-fA-F]{1,16}/g, '<hex>')
    .replace(/<>c(?:__DisplayClass\d{1,4}_\d{1,4})?/g, '<lambda>').replace(/<(\w{1,100})>g__(\w{1,100})\|\d{1,4}_\d{1,4}/g, '$1.$2').replace(/\$\d{1,4}(?=[.$]|$)/g, '$$<n>')
    .replace(/<(\w{1,100})>[bdg]__\d{1,4}(?:_\d{1,4})?/g, '$1').replace(/\.func\d{1,4}(?:\.\d{1,4})*$/, '.func').trim();
  const base = withFile ? fileName(file) : '';
  const called = plain === '' || plain === 'Object.<anonymous>' ? '<anonymous>' : MINIFIED_NAME.test(plain) && BUNDLE.test(base) ? '<minified>' : plain;
  return base === '' ? called : `${called} (${base})`;
}

/** The last part of the path; `main.4f3a2b1c.js` is `main.<hash>.js`. */
function fileName(path: string): string {
  return (path.split(/[\\/]/).at(-1) ?? '').replace(/\?.{0,600}$/, '').replace(/(?<=[.-])(?=[a-f]{0,31}\d)[0-9a-f]{6,32}(?=\.)/g, '<hash>');
}

/** Recursion of any depth is one frame. */
function withoutRepeats(texts: readonly string[]): string[] {
  return texts.filter((text, index) => text !== texts[index - 1]);
}
