/** What is taken out of messages, in the order in which it is tried at each place of the text. */
export interface MessagePatterns {
  readonly patterns: readonly (readonly [name: string, pattern: string])[];
  /** Values of one kind with nothing but commas between them are one: a list of three ids says the same as one of five. */
  readonly listsAreOne: boolean;
}

const EMAIL = String.raw`(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}`;
const URL = String.raw`\b(?:https?|wss?|grpcs?|ftp|file|amqps?|rediss?|postgres(?:ql)?|mysql|mongodb|jdbc:[a-z]{1,16}|s3|kafka|unix):\/\/[^\s"'<>)\]}]{1,1024}`;
const HOSTNAME = String.raw`(?<![\w.-])(?:[A-Za-z0-9_-]{1,63}\.){1,8}(?:com|net|org|io|dev|app|cloud|internal|local|localdomain|svc|lan|corp|example|test|invalid)(?![\w-]|\.\w)(?::\d{1,5})?|\blocalhost(?::\d{1,5})?\b`;
const TRACEPARENT = String.raw`\b00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\b`;
const UUID = String.raw`(?<![0-9A-Za-z])[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])`;
const HASH = String.raw`(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{32})(?![0-9A-Za-z])`;
const HEX = String.raw`(?<![0-9A-Za-z])(?:0x[0-9A-Fa-f]{1,128}|(?=[A-Fa-f]{0,127}\d)(?=\d{0,127}[A-Fa-f])[0-9A-Fa-f]{8,128})(?![0-9A-Za-z])`;
const ID = String.raw`(?<![0-9A-Za-z])(?=\d{0,63}[A-Za-z])(?=[A-Za-z]{0,63}\d[A-Za-z]{0,63}\d[A-Za-z]{0,63}\d)[0-9A-Za-z]{12,64}(?![0-9A-Za-z])`;
const BOOL = String.raw`(?<=[=:] ?)(?:true|false|True|False)\b`;

/**
 * Those of v1 and v2, as they were released (Sentry's order, with tokens added). Every repetition is bounded and no two neighbours can match the
 * same character, so that the time is linear in the text whatever an attacker writes into it.
 */
export const FIRST_PATTERNS: MessagePatterns = {
  listsAreOne: false,
  patterns: [
    ['email', EMAIL], ['url', URL], ['hostname', HOSTNAME],
    ['ip', String.raw`(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:\/\d{1,2})?(?::\d{1,5})?(?![\w.]\d)|(?<![\w:])\[?(?:[0-9A-Fa-f]{1,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|:(?:[0-9A-Fa-f]{1,4})?)(?:\]:\d{1,5})?(?![\w:])|(?<![\w:])::1(?::\d{1,5})?(?![\w:])`],
    ['traceparent', TRACEPARENT], ['uuid', UUID], ['hash', HASH],
    ['date', String.raw`(?<!\d)\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?!\d)|(?<!\d)\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?!\d)|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? \d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}`],
    ['duration', String.raw`(?<![\w.])\d{1,19}(?:\.\d{1,19})? ?(?:ns|us|µs|ms|s|sec|secs|seconds?|min|mins|minutes?|h|hours?|days?)\b`],
    ['hex', HEX], ['id', ID],
    ['float', String.raw`(?<![\w.])[+-]?\d{1,32}\.\d{1,32}(?:[eE][+-]?\d{1,3})?(?![\w.]\d)(?![A-Za-z])`],
    ['int', String.raw`(?<![0-9A-Za-z.])[+-]?\d{1,64}(?![0-9A-Za-z])|(?<=[A-Za-z])\d{4,64}(?![0-9A-Za-z])`],
    ['quoted', String.raw`(?<=[=:] ?)(?:"[^"\n]{0,512}"|'[^'\n]{0,512}')`],
    ['bool', BOOL],
  ],
};

/** Temporary files have names that were made up for them. */
const PATH = String.raw`(?<![\w.])\/(?:private\/)?(?:tmp|var\/tmp|var\/folders|dev\/shm)\/[^\s"'<>:,;()[\]]{1,512}|\b[A-Z]:\\[^\s"'<>:,;()[\]]{1,128}\\Temp\\[^\s"'<>:,;()[\]]{1,512}`;

const IPV4 = String.raw`(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:\/\d{1,2})?(?::\d{1,5})?(?![\w.]\d)`;
/** Eight groups, or fewer with `::`; a digit somewhere, since C++ has `::` between names. What has neither is a time of day. */
const IPV6 = String.raw`(?<![\w:.])\[?(?=[A-Fa-f:]{0,39}\d)(?:(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6}|(?:[0-9A-Fa-f]{1,4}:){1,7}:|::(?:[0-9A-Fa-f]{1,4}:){0,6}[0-9A-Fa-f]{1,4})(?:\/\d{1,3}|\](?::\d{1,5})?)?(?!\w|:[\w:])`;
const MAC = String.raw`(?<![\w:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\k<separator>){4}[0-9A-Fa-f]{2}(?![\w:-])`.replace('([:-])', '(?<separator>[:-])');

/** Capitals, small letters and two runs of digits: made up rather than written. */
const MIXED = String.raw`(?=[A-Za-z+/_-]{0,64}\d{1,20}[A-Za-z+/_-]{1,64}\d)(?=[a-z0-9+/_-]{0,64}[A-Z])(?=[A-Z0-9+/_-]{0,64}[a-z])`;
/** JWTs; base64; and shorter ones without six small letters on end, as words have. */
const TOKEN = String.raw`\beyJ[\w-]{8,1024}\.[\w-]{8,1024}(?:\.[\w-]{0,1024})?|(?<![\w+/=-])${MIXED}(?:(?!\/)[A-Za-z0-9+/]{32,1024}={0,2}|(?![\w-]{0,512}[a-z]{6})[\w-]{16,1024})(?![\w+/=-])`;

const TIME_OF_DAY = String.raw`\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?: ?[AaPp][Mm]\b)?`;
const ZONE = String.raw`(?: ?(?:Z\b|UTC|GMT|CES?T|[ECMP][SD]T|[+-]\d{2}:?\d{2}))?`;
const DAY = String.raw`(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,? `;
const MONTH = String.raw`(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)`;
/** Of ISO 8601, of HTTP, of `date`, of syslog, of access logs, and with dots or slashes. */
const DATE = [
  String.raw`(?<!\d)\d{4}([-/])\d{2}\k<dash>\d{2}(?:[T ]${TIME_OF_DAY}${ZONE})?(?!\d)`.replace('([-/])', '(?<dash>[-/])'),
  String.raw`(?:\b${DAY})?\b${MONTH}\.? {1,2}\d{1,2}(?:,? \d{4})?,? ${TIME_OF_DAY}${ZONE}(?: \d{4})?(?!\d)`,
  String.raw`(?:\b${DAY})?(?<!\d)\d{1,2}[ /-]${MONTH}[ /-]\d{4}(?:[ :,]{1,2}${TIME_OF_DAY}${ZONE})?(?!\d)`,
  String.raw`(?<![\d.])\d{1,2}[./]\d{1,2}[./]\d{4}(?:,? ${TIME_OF_DAY}${ZONE})?(?![\d.]\d)`,
  String.raw`(?<!\d)\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?: ?[AaPp][Mm]\b)?${ZONE}(?!\d)`,
].join('|');

/** `1.5 seconds`, `1m30s` and `1h2m3.5s` as Go writes them, `PT30S` as Java does. */
const DURATION = String.raw`(?<![\w.])(?:\d{1,6}d)?(?:\d{1,6}h)?(?:\d{1,6}m)?\d{1,19}(?:\.\d{1,19})? ?(?:ns|us|µs|μs|ms|s|m|h|d|sec|secs|seconds?|millis|milliseconds?|min|mins|minutes?|hours?|days?)\b|\bP(?:\d{1,6}D)?T(?:\d{1,9}(?:\.\d{1,9})?[HMS]){1,3}\b`;
const SIZE = String.raw`(?<![\w.])\d{1,19}(?:[.,]\d{1,19}){0,6} ?(?:(?:[kKMGTP]i?)?B|[KMGT]i|(?:[kKmMgG]ilo|[mM]ega|[gG]iga)?[bB]ytes?|%)(?![A-Za-z0-9])`;
/** The hash of a ReplicaSet and of its pod, in the letters and digits that Kubernetes takes for them. */
const POD = String.raw`(?<=[a-z0-9]-)[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}(?![\w-])`;
/** Behind `@` that which Java says of an object. */
const OBJECT_HASH = String.raw`(?<=[\w$\];>]@)[0-9a-f]{1,8}(?![\w.])`;
const SHORT_ID = String.raw`(?<![0-9A-Za-z])(?=[A-Za-z]{0,62}\d{1,20}[A-Za-z]{1,62}\d)(?=[a-z0-9]{0,63}[A-Z])(?=[A-Z0-9]{0,63}[a-z])(?![0-9A-Za-z]{0,64}[a-z]{6})[0-9A-Za-z]{8,64}(?![0-9A-Za-z])`;

/** Numbers that say what went wrong: behind these words they stay. */
const NAMES_A_FAULT = String.raw`(?:\bHTTP(?:\/\d(?:\.\d)?)?|[Ss]tatus(?:[ _-]?[Cc]ode)?|(?:[Ee]rror|[Ee]xit|[Rr]esponse|[Rr]eturn|[Rr]eason|[Vv]endor|[Rr]esult)[ _-]?[Cc]ode|[Ee]rrno|\b[Ee]rr|[Ss]ignal|[Ee]xit [Ss]tatus|SQLSTATE|(?<![\w-] )\b[Cc]ode)["']?(?:[=:#[(]| [=:#[(]?| ?[=:] )["']?|\b(?:[Ee]rror|ERROR)[ =#(]|\b(?:ORA|TNS|PLS|SQL)-`;
const NUMBER = String.raw`(?<![0-9A-Za-z.])(?=[+-]?\d)(?!(?<=${NAMES_A_FAULT})-?\d{1,5}(?![\w.]))[+-]?\d{1,64}(?:\.\d{1,32}){0,4}(?:[eE][+-]?\d{1,3})?(?![0-9A-Za-z])|(?<=[A-Za-z])\d{4,64}(?![0-9A-Za-z])`;

/** What names the fault, or the part of the program that has it, is no value; nor is what stands behind the name of an exception. */
const NO_VALUE_BEHIND = String.raw`(?:(?:Error|Exception): ?|\b(?:error|code|reason|type|kind|status|field|column|table|property|param|parameter|argument|attribute|constraint|method|operation)(?:_?(?:code|type|name|kind))?["']? ?[=:] ?)`;
/** Sentences of databases and engines whose quoted part is what somebody sent. */
const SAID_OF_A_VALUE = String.raw`(?<=Duplicate entry )'[^'\n]{0,512}'|(?<=\)=)\([^()\n]{0,512}\)|(?<=Unexpected token )(?:'[^\n]{1,8}'(?=,)|[^\s'"]{1,4}(?= in JSON))|"[^\n]{0,512}"(?= is not valid JSON)`;
const QUOTED = String.raw`(?<=[=:] ?)(?<!${NO_VALUE_BEHIND})(?:"[^"\n]{0,512}"|'[^'\n]{0,512}')|${SAID_OF_A_VALUE}`;

/** Those of v3. */
export const PATTERNS: MessagePatterns = {
  listsAreOne: true,
  patterns: [
    ['email', EMAIL], ['url', URL], ['path', PATH], ['hostname', HOSTNAME], ['ip', `${IPV4}|${IPV6}`], ['mac', MAC], ['traceparent', TRACEPARENT], ['uuid', UUID], ['hash', HASH], ['token', TOKEN], ['date', DATE],
    ['duration', DURATION], ['size', SIZE], ['pod', POD], ['hex', `${HEX}|${OBJECT_HASH}`], ['id', `${ID}|${SHORT_ID}`], ['number', NUMBER], ['quoted', QUOTED], ['bool', BOOL],
  ],
};
