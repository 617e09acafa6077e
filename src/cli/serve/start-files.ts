import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { loadTokens } from '../../access/fs-tokens.js';
import type { Token } from '../../access/tokens.js';
import type { Settings } from '../../config/settings.js';
import { formatProblem } from '../../lib/problem.js';
import { loadRuleBook, type RuleBook } from '../../pipeline/fs-rule-book.js';
import { accessProblems } from '../check/find-problems.js';
import { ProblemsFound } from './problems-found.js';

export async function rulesOrProblems(settings: Settings, log: Logger): Promise<RuleBook> {
  const { book, problems } = await loadRuleBook(settings);
  if (book === undefined) throw new ProblemsFound(problems);
  for (const problem of problems) log.warn({ problem: formatProblem(problem) }, 'the rules have a warning');
  return book;
}

/** Pages wait in the outbox for a day; better to say so before the first one does. */
export function warnOfMissingToken({ routing }: RuleBook, settings: Settings, log: Logger): void {
  if (settings.slack.token !== undefined) return;
  const receivers = [...routing.receivers.values()].filter(({ slacks }) => slacks.some(({ tokenFile }) => tokenFile === undefined));
  if (receivers.length === 0) return;
  log.warn({ receivers: receivers.map(({ name }) => name) }, 'routing.yaml sends to Slack, but there is no token: set TOCSIN_SLACK_TOKEN. Until then incidents are shown on the pages only');
}

export async function tokensOrProblems(settings: Settings): Promise<readonly Token[] | undefined> {
  const problems = await accessProblems(settings);
  if (problems.length > 0) throw new ProblemsFound(problems);
  const { tokensFile } = settings.access;
  const tokens = tokensFile === undefined ? undefined : await loadTokens(tokensFile);
  if (tokens?.ok === false) throw new ProblemsFound(tokens.error);
  return tokens?.value;
}

export function tlsOf({ access: { tls } }: Settings): { readonly cert: Buffer; readonly key: Buffer } | undefined {
  return tls === undefined ? undefined : { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) };
}
