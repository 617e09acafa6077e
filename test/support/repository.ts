import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const NOT_OURS = new Set(['node_modules', 'dist', 'data', 'coverage', '.git', '.output']);

export interface TextFileOfRepository {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Every text file that git tracks; in a copy without git, every text file that is not built or installed. */
export function textFiles(): readonly TextFileOfRepository[] {
  return trackedPaths().flatMap((path) => {
    const bytes = read(path);
    return bytes === undefined || bytes.includes(0) ? [] : [{ path, text: bytes.toString('utf8') }];
  });
}

/** Tracked but not there: deleted a moment ago. */
function read(path: string): Buffer | undefined {
  try {
    return readFileSync(join(ROOT, path));
  } catch {
    return undefined;
  }
}

function trackedPaths(): string[] {
  try {
    return execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\0').filter((path) => path !== '');
  } catch {
    return readdirSync(ROOT, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .filter((path) => !path.split('/').some((part) => NOT_OURS.has(part)));
  }
}
