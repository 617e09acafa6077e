/**
 * The database file could not be opened. The message is one line for a person and says what to do next;
 * `serve` prints it and leaves with exit code 2.
 */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';

  constructor(
    readonly reason: 'locked' | 'not-writable' | 'newer' | 'unreadable',
    message: string,
  ) {
    super(message);
  }
}

/** Turns what DuckDB said while opening `path` into what a person can act on. */
export function explainOpenFailure(path: string, said: string): DatabaseUnavailableError {
  if (said.includes('Could not set lock')) {
    const pid = /\(PID (\d+)\)/.exec(said)?.[1];
    const holder = pid === undefined ? 'another process' : `process ${pid}`;
    return new DatabaseUnavailableError('locked', `${path} is in use by ${holder}: stop it, or set TOCSIN_DATA_DIR to another directory.`);
  }
  if (/permission denied|read-only file system|EACCES|EROFS|EPERM/i.test(said)) {
    return new DatabaseUnavailableError('not-writable', `${path} cannot be written (${reasonOf(said)}): give this user write access, or set TOCSIN_DATA_DIR to another directory.`);
  }
  return new DatabaseUnavailableError('unreadable', `${path} cannot be opened (${said.split('\n')[0] ?? said}): move it out of the way, or set TOCSIN_DATA_DIR to another directory.`);
}

function reasonOf(said: string): string {
  return /permission denied|read-only file system|EACCES|EROFS|EPERM/i.exec(said)?.[0].toLowerCase() ?? 'no access';
}
