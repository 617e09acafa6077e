/** A file of the archive as it was published. */
export interface PublishedFile {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface ArchivedFile extends PublishedFile {
  /** Below the root of the archive, with slashes. */
  readonly path: string;
}

/** Where the files of the archive are: a directory, or a bucket with a directory in front of it. */
export interface ArchiveStorage {
  /** A place on the local disk to write a new file to; nothing that reads the archive looks there. */
  stage(name: string): string;
  /** Puts what was written to `stage(name)` to its place, durably: when it resolves, it survives a crash. */
  publish(name: string, path: string): Promise<PublishedFile>;
  /** Paths on the local disk under which the files can be read now. @throws ArchiveFileError where one is missing or not what was published. */
  local(files: readonly ArchivedFile[]): Promise<readonly string[]>;
  /** What is gone already is no error. */
  remove(path: string): Promise<void>;
  /** Every file that is there, also those that nobody knows any more. */
  list(): Promise<readonly string[]>;
  /** Throws away what was staged and never published. */
  clearStage(): Promise<void>;
  /** Free bytes where files are written; undefined where there is no such limit. */
  freeBytes(): Promise<number | undefined>;
}

/** A file of the archive that cannot be read: its trace is lost until somebody brings it back. */
export class ArchiveFileError extends Error {
  constructor(readonly path: string, reason: string) {
    super(`the archive's file ${path} ${reason}`);
  }
}
