/** Commands whose second word is part of their name (redis.io/commands, group by group). */
const CONTAINERS: ReadonlySet<string> = new Set(['ACL', 'CLIENT', 'CLUSTER', 'COMMAND', 'CONFIG', 'FUNCTION', 'LATENCY', 'MEMORY', 'MODULE', 'OBJECT', 'PUBSUB', 'SCRIPT', 'SENTINEL', 'SLOWLOG', 'XGROUP', 'XINFO']);
const SUBSCRIBING: ReadonlySet<string> = new Set(['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE', 'UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE']);
/** After these a connection carries no replies to commands. */
const ENDING: ReadonlySet<string> = new Set(['MONITOR', 'PSYNC', 'SYNC']);
/** Their arguments are secrets, or may hold some, whatever is configured. */
const SECRET: ReadonlySet<string> = new Set(['AUTH', 'HELLO', 'ACL', 'ACL SETUSER', 'CONFIG SET', 'MIGRATE', 'MODULE LOADEX', 'SENTINEL SET', 'SENTINEL CONFIG']);
const MESSAGES: ReadonlySet<string> = new Set(['message', 'pmessage', 'smessage']);

const COMMAND = /^[A-Z][A-Z0-9._-]{0,31}$/;
/** What is sent where a command is expected may be anything, a secret as well. */
const OTHER = '_OTHER';

/** In capitals; `_OTHER` where it cannot be a command of Redis or of a module of it. */
export function commandWord(word: string): string {
  const command = word.toUpperCase();
  return COMMAND.test(command) ? command : OTHER;
}

export function hasSubcommand(command: string): boolean {
  return CONTAINERS.has(command);
}

export function isSubscribing(command: string): boolean {
  return SUBSCRIBING.has(command);
}

export function endsReplies(command: string): boolean {
  return ENDING.has(command);
}

/** Waits for what may never come, or for the server to go: its connection's end is no failure. */
export function lastsWithConnection(command: string): boolean {
  return isSubscribing(command) || endsReplies(command) || command === 'SHUTDOWN';
}

export function holdsSecrets(command: string): boolean {
  return SECRET.has(command) || command.startsWith('ACL ');
}

/** What was published, as against a reply. */
export function isMessage(firstElement: string | undefined): boolean {
  return firstElement !== undefined && MESSAGES.has(firstElement);
}

/** `["subscribe", channel, count]`: one comes for each channel; the count is of what is subscribed then. */
export function isConfirmation(firstElement: string | undefined): firstElement is string {
  return firstElement !== undefined && SUBSCRIBING.has(firstElement.toUpperCase());
}
