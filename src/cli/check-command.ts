import { hasErrors } from '../lib/problem-codes.js';
import { formatProblem } from '../lib/problem.js';
import { checkTargetsOf } from './check/check-targets.js';
import { findProblems, type Findings } from './check/find-problems.js';
import { count, EXIT_FINE, EXIT_NO, printError, printLine, type Command } from './command.js';

export const checkCommand: Command = {
  usage: '[PATH…] [--json]',
  takesArguments: true,
  options: { json: { type: 'boolean' } },
  help: [
    ['PATH', 'a directory of rules, of runbooks, or with both as rules/ and runbooks/; or files, to see only their problems. Default: as configured (./rules and ./runbooks)'],
    ['--json', 'the problems as JSON: {"problems":[{file,line,column,code,path,level,message,hint}…],"slos":n,"runbooks":n}'],
    ['', 'Settings (tocsin.yaml, TOCSIN_…), tokens and certificate are checked as well. Exit code 1 when anything is an error.'],
  ],
  async run({ values, positionals }) {
    const targets = checkTargetsOf(positionals);
    const all = await findProblems(process.env, targets);
    const found = { ...all, problems: all.problems.filter((problem) => targets.covers(problem)) };
    if (values['json'] === true) printLine(JSON.stringify(asJson(found), null, 2));
    else printFindings(found);
    return hasErrors(found.problems) ? EXIT_NO : EXIT_FINE;
  },
};

function printFindings({ problems, slos, runbooks }: Findings): void {
  for (const problem of problems) printError(formatProblem(problem));
  const errors = problems.filter(({ level }) => level === 'error').length;
  const warnings = problems.length - errors;
  if (errors > 0) printError(`${count(errors, 'error')}, ${count(warnings, 'warning')}.`);
  else printLine(`fine: ${count(slos, 'SLO')}, ${count(runbooks, 'runbook')}${warnings > 0 ? `, ${count(warnings, 'warning')}` : ''}.`);
}

function asJson({ problems, slos, runbooks }: Findings): unknown {
  return { problems: problems.map(({ at, ...rest }) => ({ ...at, ...rest })), slos, runbooks };
}
