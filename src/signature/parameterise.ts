/** Messages are cut here before anything looks at them: the first two lines say what failed, the rest is the stack. */
export const MAX_MESSAGE_LINES = 2;
export const MAX_MESSAGE_LENGTH = 1_024;

/**
 * What changes from one occurrence to the next, in the order in which it is tried at each place of the text (Sentry's order,
 * with tokens added). The order is part of the signature's version: a change here is `v2`.
 *
 * Every repetition is bounded and no two neighbours can match the same character, so that the time is linear in the text
 * whatever an attacker writes into it.
 */
const PATTERNS: readonly (readonly [name: string, pattern: string])[] = [
  ['email', String.raw`(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}`],
  ['url', String.raw`\b(?:https?|wss?|grpcs?|ftp|file|amqps?|rediss?|postgres(?:ql)?|mysql|mongodb|jdbc:[a-z]{1,16}|s3|kafka|unix):\/\/[^\s"'<>)\]}]{1,1024}`],
  ['hostname', String.raw`(?<![\w.-])(?:[A-Za-z0-9_-]{1,63}\.){1,8}(?:com|net|org|io|dev|app|cloud|internal|local|localdomain|svc|lan|corp|example|test|invalid)(?![\w-]|\.\w)(?::\d{1,5})?|\blocalhost(?::\d{1,5})?\b`],
  ['ip', String.raw`(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:\/\d{1,2})?(?::\d{1,5})?(?![\w.]\d)|(?<![\w:])\[?(?:[0-9A-Fa-f]{1,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|:(?:[0-9A-Fa-f]{1,4})?)(?:\]:\d{1,5})?(?![\w:])|(?<![\w:])::1(?::\d{1,5})?(?![\w:])`],
  ['traceparent', String.raw`\b00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\b`],
  ['uuid', String.raw`(?<![0-9A-Za-z])[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])`],
  ['hash', String.raw`(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{32})(?![0-9A-Za-z])`],
  ['date', String.raw`(?<!\d)\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?!\d)|(?<!\d)\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?!\d)|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? \d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}`],
  ['duration', String.raw`(?<![\w.])\d{1,19}(?:\.\d{1,19})? ?(?:ns|us|µs|ms|s|sec|secs|seconds?|min|mins|minutes?|h|hours?|days?)\b`],
  ['hex', String.raw`(?<![0-9A-Za-z])(?:0x[0-9A-Fa-f]{1,128}|(?=[A-Fa-f]{0,127}\d)(?=\d{0,127}[A-Fa-f])[0-9A-Fa-f]{8,128})(?![0-9A-Za-z])`],
  ['id', String.raw`(?<![0-9A-Za-z])(?=\d{0,63}[A-Za-z])(?=[A-Za-z]{0,63}\d[A-Za-z]{0,63}\d[A-Za-z]{0,63}\d)[0-9A-Za-z]{12,64}(?![0-9A-Za-z])`],
  ['float', String.raw`(?<![\w.])[+-]?\d{1,32}\.\d{1,32}(?:[eE][+-]?\d{1,3})?(?![\w.]\d)(?![A-Za-z])`],
  ['int', String.raw`(?<![0-9A-Za-z.])[+-]?\d{1,64}(?![0-9A-Za-z])|(?<=[A-Za-z])\d{4,64}(?![0-9A-Za-z])`],
  ['quoted', String.raw`(?<=[=:] ?)(?:"[^"\n]{0,512}"|'[^'\n]{0,512}')`],
  ['bool', String.raw`(?<=[=:] ?)(?:true|false|True|False)\b`],
];

/** In the order in which they are tried. */
export const PARAMETER_NAMES: readonly string[] = PATTERNS.map(([name]) => name);

const COMBINED = new RegExp(PATTERNS.map(([, pattern]) => `(${pattern})`).join('|'), 'gu');

/** One value that was taken out of a message. */
export interface Replacement {
  readonly value: string;
  /** `<int>`. */
  readonly by: string;
}

/** `card 4f1c… declined after 1200 ms` → `card <hash> declined after <duration>`. Equal input, equal output, on every machine. */
export function parameterise(message: string): string {
  return explainParameterise(message).message;
}

/** The same, with every replacement in the order of the text. */
export function explainParameterise(message: string): { readonly message: string; readonly replacements: readonly Replacement[] } {
  const replacements: Replacement[] = [];
  const parameterised = firstLines(message).replace(COMBINED, (match: string, ...groups: unknown[]) => {
    const name = PATTERNS[groups.findIndex((group) => group !== undefined)]?.[0];
    if (name === undefined) return match;
    replacements.push({ value: match, by: `<${name}>` });
    return `<${name}>`;
  });
  return { message: parameterised, replacements };
}

/** The first lines that say something, white space collapsed, cut to a bounded length. */
function firstLines(message: string): string {
  return message.slice(0, MAX_MESSAGE_LENGTH * 4).split(/\r?\n/u).map((line) => line.replace(/\s{1,1024}/gu, ' ').trim())
    .filter((line) => line !== '').slice(0, MAX_MESSAGE_LINES).join('\n').slice(0, MAX_MESSAGE_LENGTH)
    // Half a character at the cut has no bytes of its own to hash.
    .replace(/[\uD800-\uDBFF]$/, '');
}
