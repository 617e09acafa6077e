export type StackLanguage = 'javascript' | 'java' | 'python' | 'go' | 'dotnet' | 'ruby' | 'php' | 'rust' | 'cpp';

export interface RawFrame {
  readonly name: string;
  readonly file: string;
}

export interface Grammar {
  readonly language: StackLanguage;
  readonly parse: (line: string, next: string) => RawFrame | undefined;
  /** Names and files of runtimes, frameworks and libraries. */
  readonly foreign: RegExp;
  /** Python writes the innermost frame last. */
  readonly innermostLast?: boolean;
  /** Paths of files belong to the frame's identity. */
  readonly withFile: boolean;
}

/** The one that reads most lines counts, of equals the first. Every repetition is bounded. */
export const GRAMMARS: readonly Grammar[] = [
  {
    language: 'python', innermostLast: true, withFile: true, parse: (line) => frame(/^[\s|]{0,24}File "([^"]{1,512})", line \d{1,9}, in (.{1,256})$/.exec(line), [2, 1]),
    foreign: /[\\/](?:site-packages|dist-packages)[\\/]|[\\/]lib[\\/]python[\d.]{1,8}[\\/]|[\\/]Python3\d{0,3}[\\/]Lib[\\/]|<frozen /,
  },
  {
    // Frames without sources, as programs without debugging information have them, look like native ones of Java.
    language: 'dotnet', withFile: false, parse: (line) => frame(/^\s{1,16}at ([\w.`<>+[\],|@-]{1,400}\.[\w.`<>|[\],@-]{1,200})\([^:]{0,500}\)( in .{1,400}:line \d{1,9})?\s{0,4}$/.exec(javaLine(line) === '' ? line : ''), [1, 2]),
    foreign: /^(?:System|Microsoft|Grpc|Npgsql|MassTransit|Polly|Newtonsoft|Dapper|MediatR|StackExchange|RabbitMQ|Confluent|MySql|MySqlConnector|MongoDB|Azure|Amazon|Serilog|NLog|Hangfire|Castle|OpenTelemetry|Swashbuckle|FluentValidation|AutoMapper|Autofac)\./,
  },
  {
    language: 'java', withFile: false, parse: (line) => frame(/^\s{1,16}at (?:[\w.@-]{1,200}\/){0,2}([\w.$/<>-]{1,400})\(([^()]{0,200})\)/.exec(phpFrame(line) === undefined ? javaLine(line) : ''), [1, 2]),
    foreign: /^(?:java|javax|jakarta|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|clojure|akka|org\.(?:springframework|apache|hibernate|eclipse|jboss|postgresql|mariadb|mongodb|elasticsearch|opensearch|redisson|quartz|glassfish|aspectj|slf4j|reactivestreams|jooq|codehaus|thymeleaf|h2)|io\.(?:netty|grpc|vertx|micronaut|quarkus|opentelemetry|micrometer|undertow|lettuce|reactivex|projectreactor|smallrye|github\.resilience4j)|reactor|rx|feign|retrofit2|okhttp3|okio|redis\.clients|ch\.qos\.logback|net\.bytebuddy|oracle\.jdbc|software\.amazon|com\.(?:zaxxer|fasterxml|mysql|mongodb|rabbitmq|amazonaws|azure|microsoft|netflix|datastax|oracle)|com\.google\.(?:common|gson|inject|protobuf|cloud|api))\./,
  },
  {
    language: 'rust', withFile: false, parse: (line, next) => {
      const [, name] = /^\s{1,16}\d{1,4}: (?:0x[0-9a-f]{1,16} - )?(\S.{0,399})$/.exec(line) ?? [];
      return name === undefined ? undefined : { name, file: /^\s{1,24}at (.{1,400}?):\d/.exec(next)?.[1] ?? '' };
    },
    foreign: /^<{0,2}&?(?:dyn )?(?:std|core|alloc|tokio|hyper|hyper_util|tower|tower_http|futures|futures_util|futures_core|axum|actix_web|actix_rt|warp|tonic|anyhow|eyre|color_eyre|backtrace|tracing|serde|serde_json|sqlx|reqwest|rayon_core)::|^(?:_*rust_\w{1,60}|__rustc::.{1,80}|_{0,2}libc_start\w{0,30}|_start|_?main|start_thread|_*clone\d?|<unknown>)$|^<\w{1,3} as (?:anyhow|core|std|futures_core)::|^[\\/]rustc[\\/]|[\\/]\.?cargo[\\/]registry[\\/]|[\\/]csu[\\/]/,
  },
  {
    language: 'cpp', withFile: false, parse: nativeFrame,
    foreign: /^(?:std|__gnu_cxx|__cxxabiv1|boost|absl|folly|grpc|google|testing)::|^(?:_{0,2}libc_start\w{0,30}|_start|main|raise|abort|gsignal|start_thread|_*clone\d?|_*cxa_\w{1,40})$|^(?:\/usr)?\/lib(?:64)?\/|[\\/]lib(?:c|stdc\+\+|pthread|m|gcc_s)[.-]/,
  },
  {
    language: 'javascript', withFile: true,
    parse: (line) => frame(/^\s{1,16}at (?:async )?(?:new )?([^()]{1,256}?) \((?:async )?((?:[^()]|\(\w{1,40}\)){1,600}?)(?::\d{1,9}){1,2}\)$/.exec(line), [1, 2]) ?? frame(/^\s{1,16}at (?:async )?()([^()\s]{1,600}?)(?::\d{1,9}){1,2}$/.exec(line), [1, 2])
      // Firefox and Safari.
      ?? frame(/^([^\s@()]{0,200})@((?:https?|file|webpack|webpack-internal|capacitor|app):\/\/[^\s@]{1,600}?)(?::\d{1,9}){1,2}$/.exec(line), [1, 2]),
    foreign: /[\\/]node_modules[\\/]|^node:|^ext:|^bun:|^internal[\\/]|^<anonymous>$|^native$/,
  },
  {
    // The line on top has the message behind it, as `full_message` writes it.
    language: 'ruby', withFile: true, parse: (line) => frame(/^\s{0,16}(?:from )?([^\s:]{1,400}\.(?:rb|ru|rake)):\d{1,9}:in [`'](?:(?:block (?:\(\d{1,3} levels\) )?|rescue |ensure )in ){0,8}([^'`]{1,200})'(?:: .*)?$/.exec(line), [2, 1]),
    foreign: /[\\/]gems[\\/]|[\\/]lib[\\/]ruby[\\/]/,
  },
  {
    // As PHP writes it, and as its OpenTelemetry SDK does.
    language: 'php', withFile: true, parse: (line) => frame(/^#\d{1,4} ([^()]{1,400})\(\d{1,9}\): ([\w\\>:{}@-]{1,256})\(/.exec(phpLine(line)), [2, 1]) ?? phpFrame(line),
    foreign: /[\\/]vendor[\\/]|^(?:Symfony|Illuminate|Laravel|Doctrine|GuzzleHttp|Psr|Monolog|Slim|Laminas|OpenTelemetry|Composer|Twig|Predis)[.\\]/,
  },
  {
    language: 'go', withFile: false, parse: (line, next) => {
      const [, name] = /^([\w./@~-]{1,300}(?:\.\(\*?[\w[\].]{1,100}\))?(?:\.[\w-]{1,100}){1,8})(?:\[\.{3}\])?(?:\.[\w-]{1,100})?(?:\(.{0,600}\))?$/.exec(line.replace(/\[\.{3}\](?=\.)/, '')) ?? [];
      const [, file] = /^\s{1,16}([^\s:]{1,400}\.go):\d{1,9}/.exec(next) ?? [];
      return name === undefined || file === undefined ? undefined : { name, file };
    },
    foreign: /^(?:runtime|net|testing|sync|reflect|database|encoding|os|io|fmt|strings|strconv|context|errors|bufio|bytes|time|syscall|internal|log|crypto|html|text|sort|slices|maps)(?:\/[a-z0-9/]{1,60})?\.(?![a-z]{2,10}\/)|^(?:google\.golang\.org|golang\.org|go\.opentelemetry\.io)\b|@v\d|[\\/]go[\\/]pkg[\\/]mod[\\/]|[\\/]usr[\\/]local[\\/]go[\\/]/,
  },
];

/**
 * Where a failure began. Java, Kotlin, Rust, JavaScript, PHP's SDK and Ruby write the last of a chain of causes last; .NET, Python and PHP write it first. Of
 * a group of errors the first counts; of a panic of Go what lies below it, for above is who recovered from it.
 */
export function causeOf(stack: string): string {
  const panic = /\npanic\(.{0,300}\n[^\n]{1,400}\n/.exec(stack);
  const said = panic === null ? stack : stack.slice(panic.index + panic[0].length);
  const last = Math.max(said.lastIndexOf('\nCaused by: '), said.lastIndexOf('\ncaused by: '), said.lastIndexOf('[cause]: '), lastRubyError(said));
  const own = last >= 0 ? said.slice(last) : said;
  const end = /--- End of inner exception stack trace ---|\n[^\S\n]{0,100}\n(?:The above exception was the direct cause|During handling of the above exception)|\n\nNext |\n\tSuppressed: |\+-{4,40} 2 -{4,40}|\n\s{2,8}(?:at .{1,600}|\}),\n\s{2,8}\w{0,60}Error: /.exec(own);
  return end === null ? own : own.slice(0, end.index);
}

/** Ruby starts each error of a chain with the line in which it was raised, the message and the class. */
function lastRubyError(stack: string): number {
  let last = -1;
  for (const { index } of stack.matchAll(/(?<=^|\n)[^\s:]{1,400}\.rb:\d{1,9}:in [`'][^'`\n]{1,200}': [^\n]{0,1000}\([\w:]{1,200}\)(?=\n)/g)) last = index;
  return last;
}

export function frame(match: RegExpExecArray | null, [name, file]: readonly [number, number]): RawFrame | undefined {
  return match === null ? undefined : { name: match[name] ?? '', file: match[file] ?? '' };
}

/** Native frames of Java and frames of .NET without sources look alike; Java's have a file or say "Native Method" or "Unknown Source". */
export function javaLine(line: string): string {
  return /\((?:[\w$-]{1,200}\.(?:java|kt|scala|groovy|clj)(?::\d{1,9})?|Native Method|Unknown Source|<generated>)\)/.test(line) ? line : '';
}

/** Closures have the line where they are written in their names, anonymous classes a path. */
export function phpLine(line: string): string {
  return line.replace(/\{closure:[^{}]{0,400}\}/, '{closure}').replace(/class@anonymous[^(>]{0,400}?(?=->|::)/, 'class@anonymous');
}

function phpFrame(line: string): RawFrame | undefined {
  return frame(/^\s{1,16}at ([\w.{}@:$-]{1,300})\(([\w.-]{1,200}\.(?:php|phtml|inc))(?::\d{1,9})?\)$/.exec(phpLine(line)), [1, 2]);
}

/** As glibc, Boost, std::stacktrace, glog, gdb and the sanitizers write them. */
function nativeFrame(line: string): RawFrame | undefined {
  const glibc = /^([^\s()]{1,300})\(([^\s()+]{1,400})\+0x[0-9a-f]{1,16}\) ?\[0x[0-9a-f]{1,16}\]$/.exec(line);
  if (glibc !== null) return { name: unmangled(glibc[2]!), file: glibc[1]! };
  const numbered = /^\s{0,16}(?:#\d{1,4} {1,3}|\d{1,4}# |@ {1,8})(?:0x[0-9a-f]{1,16} {1,16}(?:in )?)?(?:\d{1,9} {1,8})?([A-Za-z_~(<][^\n]{0,500}?)(?: (?:at|in|from) (\S{1,400})| (\/\S{1,400}))?(?: \[0x[0-9a-f]{1,16}\])?$/.exec(line);
  return numbered === null ? undefined : { name: withoutArguments(numbered[1]!), file: numbered[2] ?? numbered[3] ?? '' };
}

/** `_ZN4shop4bankEi` → `shop::bank`; what is no plain nested name stays as it is. */
function unmangled(symbol: string): string {
  const [, nested, plain] = /^_ZN[KVrO]{0,3}((?:\d{1,3}[A-Za-z_]\w{0,300})+)/.exec(symbol) ?? /^_Z()(\d{1,3}[A-Za-z_]\w{0,300})/.exec(symbol) ?? [];
  const names: string[] = [];
  let rest = (nested === '' ? plain : nested) ?? '';
  for (let length = /^\d{1,3}/.exec(rest); length !== null; length = /^\d{1,3}/.exec(rest)) {
    names.push(rest.slice(length[0].length, length[0].length + Number(length[0])));
    rest = rest.slice(length[0].length + Number(length[0]));
  }
  return names.length === 0 ? symbol : names.join('::');
}

/** Overloads of a function are one: `shop::bank(int)` is `shop::bank`. */
function withoutArguments(name: string): string {
  return name.replace(/(?<=\w|>|\]) ?\(.{0,400}$/, '');
}
