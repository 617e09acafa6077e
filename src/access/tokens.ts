import { z } from 'zod';
import { errorAt } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { err, ok, type Result } from '../lib/result.js';
import { validateDocument, type IssueParams } from '../lib/validate-document.js';
import { formatPath, parseYaml, type TextFile } from '../lib/yaml-document.js';
import { ROLES, type Role } from './role.js';

/** A token as it is stored: never itself, only its SHA-256. */
export interface Token {
  readonly name: string;
  readonly role: Role;
  /** 32 bytes. */
  readonly sha256: Buffer;
}

const MAX_TOKENS = 1_000;
const HASH = /^sha256:[0-9a-f]{64}$/;
/** What hashing nothing gives: the shell line was run with an empty variable. */
const HASH_OF_NOTHING = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/**
 * SHA-256 and no slow hash: tokens are 256 random bits, which nobody guesses, and a slow hash at every request would let
 * anybody burn the service's time. The value is not repeated in messages, because it may be a token pasted by mistake.
 */
const hashSchema = z.string().superRefine((hash, context) => {
  if (HASH.test(hash) && hash !== HASH_OF_NOTHING) return;
  const message = hash === HASH_OF_NOTHING ? 'this is the hash of an empty token' : 'this is not a hash (a token itself must not be written here)';
  context.addIssue({ code: 'custom', message, params: { hint: 'write sha256: and the 64 hex digits that `printf %s "$TOKEN" | sha256sum` prints' } satisfies IssueParams });
});

const tokensSchema = z.strictObject({
  tokens: z.array(z.strictObject({
    name: z.string().min(1).max(100).regex(/^[\w.@-]+$/, 'is not a name: use letters, digits, dots, dashes, @ and _'),
    role: z.enum(ROLES),
    hash: hashSchema,
  })).min(1).max(MAX_TOKENS),
});

/** Reads the tokens file (YAML, of which JSON is a part). */
export function parseTokens(file: TextFile): Result<readonly Token[], Problem[]> {
  const { documents: [document, second], problems } = parseYaml(file);
  const at = { file: file.path, line: 1, column: 1 };
  if (problems.length > 0) return err([...problems]);
  if (document === undefined) return err([errorAt(at, 'tokens/missing-key', { path: 'tokens', message: 'this file holds no tokens', hint: 'docs/configuration.md shows how to make one' })]);
  if (second !== undefined) return err([errorAt(second.at([]), 'tokens/invalid-value', { message: 'the tokens file is one document, this is a second one', hint: 'remove the ---' })]);
  const checked = validateDocument(tokensSchema, document, { area: 'tokens' });
  if (!checked.ok) return checked;
  const entries = checked.value.tokens;
  const twice = (['name', 'hash'] as const).flatMap((key) => entries.flatMap((entry, index) => {
    const first = entries.findIndex((other) => other[key] === entry[key]);
    if (first === index) return [];
    const path = ['tokens', index, key];
    return [errorAt(document.at(path), 'tokens/duplicate', { path: formatPath(path), message: `the ${key} of this token is the one of "${entries[first]?.name ?? ''}" too`, hint: 'give each token its own' })];
  }));
  if (twice.length > 0) return err(twice);
  return ok(entries.map(({ name, role, hash }) => ({ name, role, sha256: Buffer.from(hash.slice('sha256:'.length), 'hex') })));
}
