import { readFileSync } from 'node:fs';

interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** Whose rights are kept, or what is wrong with that user, in words. */
function identityOf(user: string): Identity | string {
  const entry = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':')).find(([name]) => name === user);
  const [uid, gid] = [Number(entry?.[2]), Number(entry?.[3])];
  if (entry === undefined || !Number.isInteger(uid) || !Number.isInteger(gid)) return `there is no user "${user}" on this machine: name another one (agent.user)`;
  return uid === 0 ? `the user "${user}" is root: name another one (agent.user)` : { uid, gid };
}

/** Why root cannot be given up for that user, before anything is started; undefined where it can, or where there is nothing to give up. */
export function troubleWithUser(user: string): string | undefined {
  const identity = process.getuid?.() === 0 ? identityOf(user) : undefined;
  return typeof identity === 'string' ? identity : undefined;
}

/**
 * Gives up root for good, after the loader was started. What parses the bytes of others must not have rights.
 * Returns what went wrong, in words.
 */
export function dropPrivileges(user: string): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const identity = identityOf(user);
  if (typeof identity === 'string') return identity;
  process.setgroups?.([]);
  process.setgid?.(identity.gid);
  process.setuid?.(identity.uid);
  return undefined;
}
