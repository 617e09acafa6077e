import { loadSettings } from '../config/fs-settings.js';
import { loadTokens } from '../access/fs-tokens.js';
import { hasErrors, sortProblems } from '../lib/problem-codes.js';
import { formatProblem, type Problem } from '../lib/problem.js';
import { loadRuleBook } from '../pipeline/fs-rule-book.js';
import { CouldNotRun, EXIT_FINE, EXIT_NO, printError, printLine, type Command } from './command.js';

export const checkCommand: Command = {
  usage: '[RULES_DIR] [RUNBOOKS_DIR] [--json]',
  options: { json: { type: 'boolean' } },
  help: [
    ['RULES_DIR', 'directory of rules and routing.yaml; default: as configured (./rules)'],
    ['RUNBOOKS_DIR', 'default: as configured (./runbooks)'],
    ['--json', 'the problems as JSON: {"problems":[{file,line,column,code,path,level,message,hint}…],"slos":n,"runbooks":n}'],
  ],
  async run({ values, positionals }) {
    if (positionals.length > 2) throw new CouldNotRun('check takes at most two directories: rules and runbooks');
    const found = await checkAll(positionals[0], positionals[1]);
    if (values['json'] === true) printLine(JSON.stringify(asJson(found), null, 2));
    else printFindings(found);
    return hasErrors(found.problems) ? EXIT_NO : EXIT_FINE;
  },
};

interface Findings {
  readonly problems: readonly Problem[];
  readonly slos: number;
  readonly runbooks: number;
}

/** Settings, tokens, rules, routing and runbooks together: every problem at once. */
async function checkAll(rulesDir: string | undefined, runbooksDir: string | undefined): Promise<Findings> {
  const { settings, problems } = await loadSettings(process.env);
  const book = await loadRuleBook({ rulesDir: rulesDir ?? settings?.rulesDir ?? './rules', runbooksDir: runbooksDir ?? settings?.runbooksDir ?? './runbooks' });
  const tokens = settings?.access.tokensFile === undefined ? undefined : await loadTokens(settings.access.tokensFile);
  return {
    problems: sortProblems([...problems, ...book.problems, ...(tokens?.ok === false ? tokens.error : [])]),
    slos: book.book?.slos.length ?? 0,
    runbooks: book.book?.runbooks.length ?? 0,
  };
}

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

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
