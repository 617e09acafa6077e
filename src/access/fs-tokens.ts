import { readTextFile } from '../lib/fs-text-files.js';
import type { Problem } from '../lib/problem.js';
import { err, type Result } from '../lib/result.js';
import { parseTokens, type Token } from './tokens.js';

/** Reads the file that TOCSIN_TOKENS_FILE names. */
export async function loadTokens(path: string): Promise<Result<readonly Token[], Problem[]>> {
  const file = await readTextFile(path);
  return file.ok ? parseTokens(file.value) : err([file.error]);
}
