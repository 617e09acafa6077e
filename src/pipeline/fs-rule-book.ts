import { readFileSync } from 'node:fs';
import { loadRulesDirectory } from '../config/fs-rules.js';
import { checkRunbookReferences } from '../config/load-rules.js';
import type { RuleSet } from '../config/rule-set.js';
import { errorAt, hasErrors, sortProblems } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import type { TextFile } from '../lib/yaml-document.js';
import { MIN_HASH_KEY_BYTES } from '../ingest/redact-concealer.js';
import { compileRedaction, type RedactionRules } from '../ingest/redact-compile.js';
import { bindRules, checkBoundRules } from '../notify/bind-rules.js';
import { parseRouting, type Routing } from '../notify/routing.js';
import { loadRunbooksDirectory } from '../runbook/fs-runbooks.js';
import type { Runbook } from '../runbook/runbook.js';
import { checkSampling } from '../sampling/policy-queries.js';
import { checkQueries, compileSlo, type CompiledSlo } from '../sli/compile-slo.js';

/** Everything an operator wrote, read as a whole: what is measured, who is told, what to do. */
export interface RuleBook extends Omit<RuleSet, 'slos'> {
  readonly slos: readonly CompiledSlo[];
  readonly redaction: RedactionRules;
  /** Receivers, escalations, persons and drills are bound to it. */
  readonly routing: Routing;
  readonly runbooks: readonly Runbook[];
}

export interface LoadedRuleBook {
  /** Undefined where any problem is an error: half of the rules are no rules. */
  readonly book: RuleBook | undefined;
  readonly problems: readonly Problem[];
}

/** Where the rules are: settings, or what a command line names instead. */
export interface RuleBookSources {
  readonly rulesDir: string;
  readonly runbooksDir: string;
  readonly redaction?: { readonly keyFile: string | undefined };
}

/** Without a routing.yaml nobody is told; incidents are still kept and shown. */
const NOBODY: TextFile = { path: 'routing.yaml', text: 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n' };

export async function loadRuleBook({ rulesDir, runbooksDir, redaction: { keyFile } = { keyFile: undefined } }: RuleBookSources): Promise<LoadedRuleBook> {
  const [rules, runbooks] = await Promise.all([loadRulesDirectory(rulesDir), loadRunbooksDirectory(runbooksDir)]);
  const problems = [...rules.problems, ...runbooks.problems, ...checkRunbookReferences(rules.rules, runbooks.runbooks.map(({ name }) => name))];
  const slos = compileAll(rules.rules, problems);
  problems.push(...checkSampling(rules.rules.sampling));
  const redaction = readRedaction(rules.rules, keyFile, problems);
  const routing = readRouting(rules.routing ?? NOBODY, rules.rules, problems);
  const sorted = sortProblems(problems);
  if (routing === undefined || hasErrors(sorted)) return { book: undefined, problems: sorted };
  return { book: { ...rules.rules, slos, redaction, routing, runbooks: runbooks.runbooks }, problems: sorted };
}

function compileAll(rules: RuleSet, problems: Problem[]): CompiledSlo[] {
  problems.push(...checkQueries(rules.otherQueries));
  return rules.slos.flatMap((slo) => {
    const compiled = compileSlo(slo);
    problems.push(...(compiled.ok ? compiled.value.warnings : compiled.error));
    return compiled.ok ? [compiled.value] : [];
  });
}

function readRouting(file: TextFile, rules: RuleSet, problems: Problem[]): Routing | undefined {
  const routing = parseRouting(file);
  if (!routing.ok) {
    problems.push(...routing.error);
    return undefined;
  }
  problems.push(...checkBoundRules(routing.value, rules));
  return bindRules(routing.value, rules);
}

/** What compiles here compiles in the store's thread as well. */
function readRedaction({ redactions: policies }: RuleSet, keyFile: string | undefined, problems: Problem[]): RedactionRules {
  const before = problems.length;
  const hashKey = keyFile === undefined ? undefined : readHashKey(keyFile, problems);
  // A key that cannot be used is one problem, not one for each rule that hashes.
  const keyIsBroken = problems.length > before;
  problems.push(...compileRedaction(policies, hashKey).problems.filter(({ code }) => !(keyIsBroken && code === 'rules/no-hash-key')));
  return { policies, hashKey };
}

function readHashKey(path: string, problems: Problem[]): Uint8Array | undefined {
  const refuse = (message: string, hint: string): void => void problems.push(errorAt({ file: path, line: 1, column: 1 }, 'settings/invalid-value', { path: 'redaction.keyFile', message, hint }));
  try {
    const key = withoutLineEnd(readFileSync(path));
    if (key.length >= MIN_HASH_KEY_BYTES) return key;
    refuse(`this key has ${key.length} bytes, and one of fewer than ${MIN_HASH_KEY_BYTES} could be guessed`, `make one with: openssl rand -hex 32 > ${path}`);
  } catch (error) {
    refuse(`the key that redaction hashes with cannot be read: ${error instanceof Error ? error.message : String(error)}`, 'check the path and its permissions');
  }
  return undefined;
}

/** Editors and `echo` end a file with a line break that belongs to no key. */
function withoutLineEnd(bytes: Buffer): Uint8Array {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end -= 1;
  return Uint8Array.from(bytes.subarray(0, end));
}
