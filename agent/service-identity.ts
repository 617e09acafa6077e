import type { ProcessFacts } from './process-facts.js';

/** What a process is called, and how that is known. */
export interface ServiceName {
  readonly name: string;
  readonly version: string | undefined;
  readonly source: 'environment' | 'resource-attributes' | 'deployment' | 'unit' | 'program' | 'executable';
}

/** Programs that say nothing about what they run. */
const INTERPRETER = /^(?:node|nodejs|deno|bun|python[\d.]*|pypy[\d.]*|ruby[\d.]*|perl[\d.]*|php[\d.]*(?:-fpm)?|java|dotnet|beam\.smp|sh|bash)$/;
/** File names that every second program has. */
const GENERIC = /^(?:index|main|app|server|start|run|cli|www|__main__|manage|wsgi|asgi|program)$/i;
const GENERIC_DIRECTORY = /^(?:src|dist|build|lib|bin|app|out|server|)$/i;
/** Programs that run the module they are given, as `gunicorn shop.wsgi:application` or `celery -A shop worker`. */
const LAUNCHER = /^(?:gunicorn|uvicorn|hypercorn|daphne|waitress-serve|granian|celery|flask|uwsgi|streamlit|ts-node|tsx|nodemon)$/;
const MODULE = /^[A-Za-z_][\w.]*$/;
/** `shop.wsgi:application` */
const APPLICATION = /^[A-Za-z_][\w.]*:[A-Za-z_]\w*(?:\(\))?$/;
const NAMES_MODULE = /^(?:-A|--app|--module|-w)$/;
/** Options of interpreters that take the next word. */
const TAKES_VALUE = /^(?:-r|--require|--import|--loader|--experimental-loader|-e|--eval|-C|--conditions|-W|-X|--env-file|-I)$/;
const TAKES_VALUE_IN_JAVA = /^(?:-cp|-classpath|--class-path|-p|--module-path|--upgrade-module-path|--add-(?:opens|exports|modules|reads)|--patch-module|--limit-modules)$/;
/** Behind these stands a program's text instead of its name: who wrote it may have put anything there. */
const INLINE: readonly (readonly [interpreter: RegExp, option: RegExp])[] = [
  [/^(?:python|pypy)/, /^-[A-Za-z]*c/], [/^(?:sh|bash)$/, /^-[A-Za-z]*c$/], [/^(?:perl|ruby)/, /^-[A-Za-z0]*[eE]/], [/^php/, /^-[rBRE]$|^--(?:run|process-begin|process-code|process-end)$/],
  [/^(?:node|nodejs|bun)$/, /^-(?:e|p|pe)$|^--(?:eval|print)(?:=|$)/], [/^deno$/, /^eval$/],
];
/** What is no such thing is no name of a program either. */
const NAME = /^[\p{L}\p{N}_@.][\p{L}\p{N} _@.+=-]{0,79}$/u;
const SCRIPT_ENDING = /\.(?:[cm]?[jt]s|py|rb|pl|php|dll|exs?|sh)$/;
const VERSIONED = /^(.*?)[-_]v?(\d+(?:\.\d+)+[\w.+-]*)$/;
/** `shop-7d9f8b6c5-x2x4z`: a Deployment's pod; `db-0`: a StatefulSet's. */
const POD_OF_DEPLOYMENT = /^(.+)-[a-z0-9]{6,10}-[a-z0-9]{5}$/;
const POD_OF_SET = /^(.+)-\d{1,4}$/;
/** The kernel cuts names of threads to so many characters. */
const COMM_LENGTH = 15;
const UNIT = /\/([^/]+)\.service(?:\/|$)/;
/** Units that run whatever a person or an image starts. */
const NO_SERVICE = /^(?:docker|containerd|crio|kubelet|cron|sshd?|session-\d+|user@\d+|init|getty@?.*|snap\..*)$/;

/** `OTEL_RESOURCE_ATTRIBUTES`: `key=value,…`, values percent-encoded (OpenTelemetry Resource SDK). What cannot be read is left out. */
export function resourceAttributes(text: string | undefined): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const pair of (text ?? '').split(',').slice(0, 128)) {
    const equals = pair.indexOf('=');
    if (equals <= 0) continue;
    const key = pair.slice(0, equals).trim();
    try {
      attributes.set(key, decodeURIComponent(pair.slice(equals + 1).trim()));
    } catch {
      attributes.set(key, pair.slice(equals + 1).trim());
    }
  }
  return attributes;
}

/** The name of a service: what it says itself, what the cluster or systemd calls it, what program it runs, at last its executable. */
export function serviceName(facts: ProcessFacts): ServiceName {
  const declared = resourceAttributes(facts.environment?.['OTEL_RESOURCE_ATTRIBUTES']);
  const version = declared.get('service.version');
  const fromEnvironment = facts.environment?.['OTEL_SERVICE_NAME']?.trim() ?? '';
  if (fromEnvironment !== '') return { name: fromEnvironment, version, source: 'environment' };
  const fromAttributes = declared.get('service.name') ?? '';
  if (fromAttributes !== '') return { name: fromAttributes, version, source: 'resource-attributes' };
  const deployment = deploymentOf(facts);
  if (deployment !== undefined) return { name: deployment, version, source: 'deployment' };
  const unit = unitOf(facts);
  if (unit !== undefined) return { name: unit, version, source: 'unit' };
  const executable = executableOf(facts);
  if (!INTERPRETER.test(executable)) return { name: executable, version, source: 'executable' };
  const program = programOf(executable, facts);
  if (program === undefined || !NAME.test(program.name)) return { name: executable, version, source: 'executable' };
  return { name: program.name, version: version ?? program.version, source: 'program' };
}

/** Many programs are links to one file (redis-server to redis-check-rdb), and some write their state into their title: what both titles agree on is meant. */
function executableOf({ executable, comm, arguments: words }: ProcessFacts): string {
  const called = baseName((words?.[0] ?? '').split(/[: ]/)[0] ?? '');
  return called !== '' && called.slice(0, COMM_LENGTH) === comm ? called : baseName(executable ?? comm);
}

function deploymentOf({ podUid, hostname }: ProcessFacts): string | undefined {
  if (podUid == null || hostname == null) return undefined;
  return POD_OF_DEPLOYMENT.exec(hostname)?.[1] ?? POD_OF_SET.exec(hostname)?.[1] ?? hostname;
}

function unitOf({ cgroup }: ProcessFacts): string | undefined {
  const unit = UNIT.exec(cgroup ?? '')?.[1];
  return unit === undefined || NO_SERVICE.test(unit) ? undefined : unit.replace(/@.*$/, '');
}

function programOf(interpreter: string, facts: ProcessFacts): { readonly name: string; readonly version: string | undefined } | undefined {
  const words = (facts.arguments ?? []).slice(1);
  if (interpreter === 'java') return javaProgram(words);
  const inline = INLINE.find(([of]) => of.test(interpreter))?.[1];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (inline?.test(word) === true) return undefined;
    if (/^python|^pypy/.test(interpreter) && word === '-m') return scriptOf(words.slice(index + 1), facts);
    if (TAKES_VALUE.test(word)) index += 1;
    else if (!word.startsWith('-')) return scriptOf(words.slice(index), facts);
  }
  return undefined;
}

/** `words` begin with what the interpreter runs. Where that only runs another, the other one is meant. */
function scriptOf(words: readonly string[], facts: ProcessFacts): ReturnType<typeof named> {
  const script = words[0] ?? '';
  if (!LAUNCHER.test(baseName(script).replace(SCRIPT_ENDING, ''))) return named(script, facts);
  const module = launchedBy(words.slice(1));
  if (module === undefined) return named(script, facts);
  if (SCRIPT_ENDING.test(module)) return named(module, facts);
  const [path = module] = module.split(':');
  const name = path.split('.').reverse().find((part) => part !== '' && !GENERIC.test(part));
  return name === undefined ? named(path, facts) : { name, version: undefined };
}

/** The module, application or file that a launcher is told to run. */
function launchedBy(words: readonly string[]): string | undefined {
  const option = words.findIndex((word) => NAMES_MODULE.test(word));
  if (option !== -1) return words[option + 1];
  const last = words.at(-1) ?? '';
  return words.find((word) => APPLICATION.test(word)) ?? words.find((word) => SCRIPT_ENDING.test(word) && !word.startsWith('-')) ?? (MODULE.test(last) ? last : undefined);
}

/** `java … -jar shop-1.4.2.jar` or `java … com.example.Shop`. */
function javaProgram(words: readonly string[]): { readonly name: string; readonly version: string | undefined } | undefined {
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '-jar') {
      const jar = baseName(words[index + 1] ?? '').replace(/\.[jw]ar$/, '');
      const [, name, version] = VERSIONED.exec(jar) ?? [undefined, jar, undefined];
      return name === undefined || name === '' ? undefined : { name, version };
    }
    if (TAKES_VALUE_IN_JAVA.test(word)) index += 1;
    else if (!word.startsWith('-')) return { name: word.split(/[./]/).at(-1) ?? word, version: undefined };
  }
  return undefined;
}

/** A script by its name, or by its directory where every second script has that name. */
function named(script: string, { workingDirectory }: ProcessFacts): { readonly name: string; readonly version: undefined } | undefined {
  const name = baseName(script).replace(SCRIPT_ENDING, '');
  if (name !== '' && !GENERIC.test(name)) return { name, version: undefined };
  const path = script.startsWith('/') ? script : `${workingDirectory ?? ''}/${script}`;
  const directory = path.split('/').slice(0, -1).reverse().find((part) => !GENERIC_DIRECTORY.test(part) && part !== '.');
  const found = directory ?? name;
  return found === '' ? undefined : { name: found, version: undefined };
}

function baseName(path: string): string {
  return path.replace(/ \(deleted\)$/, '').split('/').at(-1) ?? path;
}
