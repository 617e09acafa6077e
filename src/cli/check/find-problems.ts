import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { loadTokens } from '../../access/fs-tokens.js';
import { loadSettings } from '../../config/fs-settings.js';
import type { Settings } from '../../config/settings.js';
import { errorAt, sortProblems } from '../../lib/problem-codes.js';
import type { Problem } from '../../lib/problem.js';
import { loadRuleBook } from '../../pipeline/fs-rule-book.js';

export interface Findings {
  readonly problems: readonly Problem[];
  readonly slos: number;
  readonly runbooks: number;
}

export interface Directories {
  readonly rulesDir?: string | undefined;
  readonly runbooksDir?: string | undefined;
}

/** Settings, tokens, certificate, rules, routing and runbooks together: every problem at once. `check` prints it, and `serve` when it refuses to start. */
export async function findProblems(environment: NodeJS.ProcessEnv, named: Directories = {}): Promise<Findings> {
  const { settings, problems } = await loadSettings(environment);
  const { book, problems: inRules } = await loadRuleBook({
    rulesDir: named.rulesDir ?? settings?.rulesDir ?? nonEmpty(environment['TOCSIN_RULES_DIR']) ?? './rules',
    redaction: { keyFile: settings?.redaction.keyFile ?? nonEmpty(environment['TOCSIN_REDACTION_KEY_FILE']) },
    runbooksDir: named.runbooksDir ?? settings?.runbooksDir ?? nonEmpty(environment['TOCSIN_RUNBOOKS_DIR']) ?? './runbooks',
  });
  const inAccess = settings === undefined ? [] : await accessProblems(settings);
  return { problems: sortProblems([...problems, ...inAccess, ...inRules]), slos: book?.slos.length ?? 0, runbooks: book?.runbooks.length ?? 0 };
}

/** What is wrong inside the files that `access` names. */
export async function accessProblems({ access: { tokensFile, tls } }: Settings): Promise<Problem[]> {
  const tokens = tokensFile === undefined ? undefined : await loadTokens(tokensFile);
  return [...(tokens?.ok === false ? tokens.error : []), ...(tls === undefined ? [] : certificateProblems(tls))];
}

/** Opened as a listener would: a certificate that does not fit its key should be known before the first connection. */
function certificateProblems({ certFile, keyFile }: NonNullable<Settings['access']['tls']>): Problem[] {
  try {
    createSecureContext({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
    return [];
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return [errorAt({ file: certFile, line: 1, column: 1 }, 'settings/invalid-value', {
      path: 'access.tls', message: `this certificate cannot be used with the key ${keyFile}: ${reason ?? ''}`, hint: 'both are PEM files, and the key is the one that the certificate was made for',
    })];
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

