const SUBSCRIBING: ReadonlySet<string> = new Set(['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE', 'UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE']);
/** After these a connection carries no replies to commands. */
const ENDING: ReadonlySet<string> = new Set(['MONITOR', 'PSYNC', 'SYNC']);
/** Their arguments are secrets, or may hold some, whatever is configured. */
const SECRET: ReadonlySet<string> = new Set(['AUTH', 'HELLO', 'ACL', 'ACL SETUSER', 'CONFIG SET', 'MIGRATE', 'MODULE LOADEX', 'SENTINEL SET', 'SENTINEL CONFIG']);
const MESSAGES: ReadonlySet<string> = new Set(['message', 'pmessage', 'smessage']);

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
