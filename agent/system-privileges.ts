import { readFileSync } from 'node:fs';

/**
 * Gives up root for good, after the loader was started. What parses the bytes of others must not have rights.
 * Returns what went wrong, in words.
 */
export function dropPrivileges(user: string): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const entry = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':')).find(([name]) => name === user);
  const [uid, gid] = [Number(entry?.[2]), Number(entry?.[3])];
  if (entry === undefined || !Number.isInteger(uid) || !Number.isInteger(gid)) return `there is no user "${user}" on this machine: name another one (agent.user)`;
  if (uid === 0) return `the user "${user}" is root: name another one (agent.user)`;
  process.setgroups?.([]);
  process.setgid?.(gid);
  process.setuid?.(uid);
  return undefined;
}
