import { renameSync, writeFileSync } from 'node:fs';

/** Writes a file that somebody watches: he sees what it was or what it is, nothing between. `place`: on the same file system, and not watched. */
export function replaceFile(path: string, content: string | Uint8Array, place = `${path}.new`): void {
  writeFileSync(place, content);
  renameSync(place, path);
}
