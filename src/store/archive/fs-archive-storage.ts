import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { ArchiveFileError, type ArchivedFile, type ArchiveStorage, type PublishedFile } from './archive-storage.js';

const STAGE = '.writing';

/** The archive in a directory. */
export class FsArchiveStorage implements ArchiveStorage {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  stage(name: string): string {
    return join(this.#root, STAGE, name);
  }

  async publish(name: string, path: string): Promise<PublishedFile> {
    const staged = this.stage(name);
    const published = await digestOf(staged);
    const target = join(this.#root, path);
    await syncFile(staged);
    await makeDirectories(this.#root, dirname(path));
    await rename(staged, target);
    await syncFile(dirname(target));
    return published;
  }

  async local(files: readonly ArchivedFile[]): Promise<readonly string[]> {
    return Promise.all(files.map(async ({ path, bytes }) => {
      const place = join(this.#root, path);
      const size = await stat(place).then((found) => found.size, () => undefined);
      if (size === undefined) throw new ArchiveFileError(path, 'is missing');
      if (size !== bytes) throw new ArchiveFileError(path, `has ${size} bytes instead of ${bytes}`);
      return place;
    }));
  }

  async remove(path: string): Promise<void> {
    await rm(join(this.#root, path), { force: true });
  }

  async list(): Promise<readonly string[]> {
    const found = await readdir(this.#root, { recursive: true, withFileTypes: true }).catch(() => []);
    return found.filter((entry) => entry.isFile() && entry.name.endsWith('.parquet'))
      .map((entry) => relative(this.#root, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .filter((path) => !path.startsWith(`${STAGE}/`));
  }

  async clearStage(): Promise<void> {
    await rm(join(this.#root, STAGE), { recursive: true, force: true });
    await mkdir(join(this.#root, STAGE), { recursive: true });
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#root);
    return bavail * bsize;
  }
}

/** Each new directory is written into its parent before anything is put into it. */
async function makeDirectories(root: string, below: string): Promise<void> {
  let place = root;
  for (const part of below.split('/')) {
    const parent = place;
    place = join(place, part);
    const made = await mkdir(place).then(() => true, (error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      return false;
    });
    if (made) await syncFile(parent);
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}

export async function digestOf(path: string): Promise<PublishedFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
