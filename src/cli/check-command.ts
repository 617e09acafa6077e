import { loadSettings } from '../config/fs-settings.js';
import { publicUrlOf } from '../config/settings.js';
import { hasErrors } from '../lib/problem-codes.js';
import { formatProblem } from '../lib/problem.js';
import { checkTargetsOf } from './check/check-targets.js';
import { findProblems, type Findings } from './check/find-problems.js';
import { readLiveWarnings, type LiveWarning } from './check/live-sizing.js';
import { CouldNotRun, count, EXIT_FINE, EXIT_NO, printError, printLine, type Command } from './command.js';

export const checkCommand: Command = {
  usage: '[PATH…] [--live [--server URL]] [--json]',
  takesArguments: true,
  options: { live: { type: 'boolean' }, server: { type: 'string' }, json: { type: 'boolean' } },
  help: [
    ['PATH', 'a directory of rules, of runbooks, or with both as rules/ and runbooks/; or files, to see only their problems. Default: as configured (./rules and ./runbooks)'],
    ['--live', 'also asks the running service what its traffic means for its SLOs: targets too tight for it, tiers that can never fire, biased sampling'],
    ['--server URL', 'pages address of the service for --live; default: the configured one'],
    ['--json', 'the problems as JSON: {"problems":[{file,line,column,code,path,level,message,hint}…],"slos":n,"runbooks":n}; with --live also "live":[{slo,message}…]'],
    ['', 'Settings (tocsin.yaml, TOCSIN_…), tokens and certificate are checked as well. Exit code 1 when anything is an error.'],
  ],
  async run({ values, positionals }) {
    const targets = checkTargetsOf(positionals);
    const all = await findProblems(process.env, targets);
    const found = { ...all, problems: all.problems.filter((problem) => targets.covers(problem)) };
    const live = values['live'] === true ? await readLiveWarnings(await serviceAddress(values['server']), process.env) : undefined;
    if (values['json'] === true) printLine(JSON.stringify({ ...asJson(found), ...(live === undefined ? {} : { live }) }, null, 2));
    else printFindings(found, live ?? []);
    return hasErrors(found.problems) ? EXIT_NO : EXIT_FINE;
  },
};

async function serviceAddress(server: string | boolean | undefined): Promise<string> {
  if (typeof server !== 'string') {
    const { settings, problems } = await loadSettings(process.env);
    if (settings === undefined) throw new CouldNotRun(`the settings are not right:\n${problems.map(formatProblem).join('\n')}`);
    return publicUrlOf({ ...settings, publicUrl: undefined });
  }
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) throw new CouldNotRun(`--server "${server}" is not a URL: write the address of the pages in full, like http://127.0.0.1:4400`);
  return server;
}

function printFindings({ problems, slos, runbooks }: Findings, live: readonly LiveWarning[]): void {
  for (const problem of problems) printError(formatProblem(problem));
  for (const { slo, message } of live) printError(`live: SLO ${slo}: ${message}`);
  const errors = problems.filter(({ level }) => level === 'error').length;
  const warnings = problems.length - errors;
  if (errors > 0) printError(`${count(errors, 'error')}, ${count(warnings, 'warning')}.`);
  else printLine(`fine: ${count(slos, 'SLO')}, ${count(runbooks, 'runbook')}${warnings > 0 ? `, ${count(warnings, 'warning')}` : ''}.`);
}

function asJson({ problems, slos, runbooks }: Findings): Record<string, unknown> {
  return { problems: problems.map(({ at, ...rest }) => ({ ...at, ...rest })), slos, runbooks };
}
