/** Keys under which structured logs keep what they say. */
const MESSAGE_KEYS = ['message', 'msg', 'event', 'error', 'err', 'body'];
const LEVEL_KEYS = ['level', 'severity', 'lvl', 'levelname', 'log.level'];
const ERROR_LEVEL = /^(?:err|error|severe|crit|critical|fatal|panic|alert|emerg|emergency)$/i;
/** `key=value`, `key="some words"`. */
const PAIR = /(?<=^|\s)([\w.@-]{1,64})=(?:"((?:[^"\\\n]|\\.){0,4096})"|([^\s"]{0,1024}))(?=\s|$)/gu;
/** One `x=1` in a sentence makes no logfmt. */
const LEAST_PAIRS = 2;

type Fields = ReadonlyMap<string, string>;

/** What a line of JSON or logfmt says, without its time stamps and context; any other line as it is. */
export function saidBy(body: string): string {
  const fields = fieldsOf(body);
  const said = MESSAGE_KEYS.flatMap((key) => fields?.get(key) ?? []);
  return said.length === 0 ? body : said.join(' ');
}

/** Whether a line of JSON or logfmt calls itself an error; undefined where it does not say. */
export function callsItselfError(body: string): boolean | undefined {
  const fields = fieldsOf(body);
  const level = LEVEL_KEYS.flatMap((key) => fields?.get(key) ?? [])[0];
  return level === undefined || /^\d*$/.test(level) ? undefined : ERROR_LEVEL.test(level);
}

function fieldsOf(body: string): Fields | undefined {
  if (body.startsWith('{')) return jsonFields(body);
  // What begins with a sentence is a sentence, with values behind it.
  if (!/^[\w.@-]{1,64}=/.test(body)) return undefined;
  const pairs = [...body.matchAll(PAIR)];
  return pairs.length < LEAST_PAIRS ? undefined : new Map(pairs.map(([, key, quoted, plain]) => [key!, quoted ?? plain ?? '']));
}

function jsonFields(body: string): Fields | undefined {
  try {
    return new Map(Object.entries(JSON.parse(body) as Record<string, unknown>).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  } catch {
    return undefined;
  }
}
