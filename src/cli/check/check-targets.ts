import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { Problem } from '../../lib/problem.js';
import { CouldNotRun } from '../command.js';
import type { Directories } from './find-problems.js';

/** What the paths of `tocsin check PATH…` mean: directories are checked as a whole, files are checked with their neighbours and reported alone. */
export interface CheckTargets extends Directories {
  /** Whether a problem belongs to what was named. */
  covers(problem: Problem): boolean;
}

const RULE_EXTENSIONS = ['.yaml', '.yml'];
const RUNBOOK_EXTENSION = '.md';

export function checkTargetsOf(paths: readonly string[]): CheckTargets {
  const rules = new Set<string>();
  const runbooks = new Set<string>();
  const files = new Set<string>();
  for (const path of paths) {
    if (isFile(path)) addFile(path, { rules, runbooks, files });
    else addDirectory(path, { rules, runbooks });
  }
  const rulesDir = onlyOne(rules, 'rules');
  return {
    rulesDir,
    runbooksDir: onlyOne(runbooks, 'runbooks') ?? siblingRunbooks(rulesDir),
    covers: ({ at }) => files.size === 0 || files.has(resolve(at.file)),
  };
}

function addFile(path: string, found: { readonly rules: Set<string>; readonly runbooks: Set<string>; readonly files: Set<string> }): void {
  const extension = extname(path).toLowerCase();
  if (extension === RUNBOOK_EXTENSION) found.runbooks.add(dirname(path));
  else if (RULE_EXTENSIONS.includes(extension)) found.rules.add(dirname(path));
  else throw new CouldNotRun(`${path} is neither a rule (.yaml, .yml) nor a runbook (.md)`);
  found.files.add(resolve(path));
}

/** A directory is one of rules, one of runbooks, or holds both as `rules/` and `runbooks/`. One that does not exist is reported as rules that cannot be read. */
function addDirectory(path: string, found: { readonly rules: Set<string>; readonly runbooks: Set<string> }): void {
  const names = existsSync(path) ? readdirSync(path) : [];
  const hasBoth = ['rules', 'runbooks'].some((name) => names.includes(name) && !isFile(join(path, name)));
  const has = (extensions: readonly string[]): boolean => names.some((name) => extensions.includes(extname(name).toLowerCase()));
  if (hasBoth) {
    found.rules.add(join(path, 'rules'));
    found.runbooks.add(join(path, 'runbooks'));
  } else if (basename(path) === 'runbooks' || (has([RUNBOOK_EXTENSION]) && !has(RULE_EXTENSIONS))) {
    found.runbooks.add(path);
  } else {
    found.rules.add(path);
  }
}

function onlyOne(directories: ReadonlySet<string>, what: string): string | undefined {
  const [first, second] = directories;
  if (second !== undefined) throw new CouldNotRun(`${first} and ${second} are two directories of ${what}, which count as one whole: check one at a time`);
  return first;
}

function siblingRunbooks(rulesDir: string | undefined): string | undefined {
  if (rulesDir === undefined) return undefined;
  const sibling = join(dirname(resolve(rulesDir)), 'runbooks');
  return basename(rulesDir) === 'rules' && existsSync(sibling) ? join(dirname(rulesDir), 'runbooks') : undefined;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
