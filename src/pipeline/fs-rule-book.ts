import { loadRulesDirectory } from '../config/fs-rules.js';
import { checkRunbookReferences } from '../config/load-rules.js';
import type { ReceiverRule, RuleSet } from '../config/rule-set.js';
import { errorAt, hasErrors, sortProblems } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import type { TextFile } from '../lib/yaml-document.js';
import { checkReceiverRules, parseRouting, type Routing } from '../notify/routing.js';
import { loadRunbooksDirectory } from '../runbook/fs-runbooks.js';
import type { Runbook } from '../runbook/runbook.js';
import { checkQueries, compileSlo, type CompiledSlo } from '../sli/compile-slo.js';

/** Everything an operator wrote, read as a whole: what is measured, who is told, what to do. */
export interface RuleBook {
  readonly slos: readonly CompiledSlo[];
  readonly routing: Routing;
  readonly receivers: readonly ReceiverRule[];
  readonly runbooks: readonly Runbook[];
}

export interface LoadedRuleBook {
  /** Undefined where any problem is an error: half of the rules are no rules. */
  readonly book: RuleBook | undefined;
  readonly problems: readonly Problem[];
}

/** Without a routing.yaml nobody is told; incidents are still kept and shown. */
const NOBODY: TextFile = { path: 'routing.yaml', text: 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n' };

export async function loadRuleBook(directories: { readonly rulesDir: string; readonly runbooksDir: string }): Promise<LoadedRuleBook> {
  const [rules, runbooks] = await Promise.all([loadRulesDirectory(directories.rulesDir), loadRunbooksDirectory(directories.runbooksDir)]);
  const problems = [...rules.problems, ...runbooks.problems, ...refuseRedaction(rules.rules), ...checkRunbookReferences(rules.rules, runbooks.runbooks.map(({ name }) => name))];
  const slos = compileAll(rules.rules, problems);
  const routing = readRouting(rules.routing ?? NOBODY, rules.rules, problems);
  const sorted = sortProblems(problems);
  if (routing === undefined || hasErrors(sorted)) return { book: undefined, problems: sorted };
  return { book: { slos, routing, receivers: rules.rules.receivers, runbooks: runbooks.runbooks }, problems: sorted };
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
  problems.push(...checkReceiverRules(routing.value, rules.receivers));
  return routing.value;
}

/** The redactor is built and proven but does not stand in the way of spans yet: rules that seem to conceal and do not are worse than none. */
function refuseRedaction(rules: RuleSet): Problem[] {
  return rules.redactions.map(({ name, at }) => errorAt(at, 'rules/not-supported-yet', {
    path: 'kind', message: `the Redaction "${name}" cannot be honoured yet`, hint: 'remove it, and redact in the Collector until then',
  }));
}
