import { readdir, readFile, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { errorAt } from './problem-codes.js';
import type { Problem } from './problem.js';
import { err, ok, type Result } from './result.js';
import type { TextFile } from './yaml-document.js';

const MAX_FILE_BYTES = 1_048_576;
const MAX_FILES = 1_000;

/** Reads a UTF-8 file with a size limit. The path in the result is the one that was asked for. */
export async function readTextFile(path: string): Promise<Result<TextFile, Problem>> {
  const at = { file: path, line: 1, column: 1 };
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) return err(errorAt(at, 'files/too-large', { message: `this file has ${size} bytes, the limit is ${MAX_FILE_BYTES}`, hint: 'split it' }));
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
    return ok({ path, text });
  } catch (error) {
    if (error instanceof TypeError) return err(errorAt(at, 'files/not-text', { message: 'this file is not UTF-8 text', hint: 'save it as UTF-8' }));
    return err(errorAt(at, 'files/unreadable', { message: `this file cannot be read: ${reasonOf(error)}`, hint: 'check the path and its permissions' }));
  }
}

export interface ReadDirectory {
  readonly files: readonly TextFile[];
  readonly problems: readonly Problem[];
}

/** Reads the files of one directory (not its subdirectories) whose names match, sorted by name. Hidden files are left out. */
export async function readTextDirectory(directory: string, pattern: RegExp): Promise<ReadDirectory> {
  const at = { file: directory, line: 1, column: 1 };
  let names: string[];
  try {
    names = (await readdir(directory)).filter((name) => pattern.test(name) && !name.startsWith('.')).sort();
  } catch (error) {
    return { files: [], problems: [errorAt(at, 'files/unreadable', { message: `this directory cannot be read: ${reasonOf(error)}`, hint: 'create it, or name another one' })] };
  }
  if (names.length > MAX_FILES) {
    return { files: [], problems: [errorAt(at, 'files/too-large', { message: `this directory holds ${names.length} files, the limit is ${MAX_FILES}`, hint: 'put several documents into one file, separated by ---' })] };
  }
  const files: TextFile[] = [];
  const problems: Problem[] = [];
  for (const name of names) {
    const read = await readTextFile(normalize(join(directory, name)));
    if (read.ok) files.push(read.value);
    else problems.push(read.error);
  }
  return { files, problems };
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'EISDIR') return 'it is a directory';
  if (code === 'ENOTDIR') return 'it is not a directory';
  return error instanceof Error ? error.message : String(error);
}
