import type { Database } from '../database.js';
import type { ArchiveStorage } from './archive-storage.js';

const CATALOGUED = 'SELECT path FROM archive_files UNION ALL SELECT path FROM archive_log_files';

/** Where the archive is to be, in the words of the setting. */
export interface ArchivePlace {
  readonly name: string;
  readonly storage: ArchiveStorage;
}

/**
 * An archive belongs to one database and is where that left it. Anywhere else, what is archived would be missing, and files that are another database's
 * would be removed as remains of a crash. So a new place is taken only where it holds the whole archive and nothing else, and is then written down.
 * @returns what is wrong with the place, and what to do; undefined where it is the archive's
 */
export async function settleArchivePlace(database: Database, { name, storage }: ArchivePlace): Promise<string | undefined> {
  const [row] = await database.query({ sql: 'SELECT place FROM archive_place' });
  const known = row === undefined ? undefined : String(row['place']);
  if (known === name) return undefined;
  const pathsOf = async (sql: string): Promise<readonly string[]> => (await database.query({ sql })).map(({ path }) => String(path));
  const [catalogued, retired, found] = [await pathsOf(CATALOGUED), await pathsOf('SELECT path FROM archive_retired'), await storage.list()];
  const problem = problemOf({ name, known, catalogued, retired, found });
  if (problem !== undefined) return problem;
  await database.transaction([{ sql: 'DELETE FROM archive_place' }, { sql: 'INSERT INTO archive_place VALUES ($name)', params: { name } }]);
  return undefined;
}

interface Holdings {
  readonly name: string;
  readonly known: string | undefined;
  readonly catalogued: readonly string[];
  readonly retired: readonly string[];
  readonly found: readonly string[];
}

function problemOf({ name, known, catalogued, retired, found }: Holdings): string | undefined {
  const there = new Set(found);
  const missing = catalogued.filter((path) => !there.has(path));
  // Of a database that never wrote its place down, a file may be lost and one may be left by a crash: as long as the archive is here at all, this is the place.
  if (known === undefined && missing.length < catalogued.length) return undefined;
  if (missing.length > 0) {
    return `${missing.length} of the ${catalogued.length} files of the archive are not in ${name}, ${missing[0] ?? ''} for one; they are ${known === undefined ? 'elsewhere' : `in ${known}`}. Copy them there as they are, with their directories (cp -a, aws s3 sync), or set TOCSIN_ARCHIVE_URL to where they are.`;
  }
  const ours = new Set([...catalogued, ...retired]);
  const strange = found.filter((path) => !ours.has(path));
  if (strange.length === 0) return undefined;
  return `${name} has ${strange.length} files of an archive that this database knows nothing of, ${strange[0] ?? ''} for one: they belong to another database, to one that was lost, or stayed behind when the archive moved on, and would be removed. Bring their database back, move them away, or set TOCSIN_ARCHIVE_URL to a place of its own.`;
}
