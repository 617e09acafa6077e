import { fileURLToPath } from 'node:url';
import { buildSlo, WORKBOOK_POLICY } from '../../src/budget/slo-builder.js';
import type { BurnRatePolicy, Slo } from '../../src/config/slo.js';
import { formatProblem } from '../../src/lib/problem.js';
import { loadRunbooksDirectory } from '../../src/runbook/fs-runbooks.js';
import type { Runbook } from '../../src/runbook/runbook.js';
import { compileSlo, type CompiledSlo } from '../../src/sli/compile-slo.js';

/** The workbook's two page tiers: an incident ends within half an hour of the last failure, not with the tickets' days. */
export const PAGES_ONLY: BurnRatePolicy = { ...WORKBOOK_POLICY, name: 'pages', tiers: WORKBOOK_POLICY.tiers.slice(0, 2) };
/** Only 14.4 over 1h and 5m: the shortest story there is. */
export const FAST_PAGE: BurnRatePolicy = { ...WORKBOOK_POLICY, name: 'fast', tiers: WORKBOOK_POLICY.tiers.slice(0, 1) };

/** 99.9 % of a service's server spans without error, over 30 days. */
export function availability(service: string, parts: Partial<Slo> = {}): Slo {
  const at = { file: 'rules/story.yaml', line: 1, column: 1 };
  return buildSlo({
    name: `${service}-availability`, displayName: `${service} works`, service, policy: PAGES_ONLY, runbook: 'checkout-errors',
    indicator: { total: { text: `{ resource.service.name = "${service}" && kind = server }`, at }, bad: { text: '{ status = error }', at }, weight: 'auto' },
    ...parts,
  });
}

export const TEAM_ROUTING = `
route: { receiver: team, group_by: [incident], group_wait: 0s, group_interval: 1m, repeat_interval: 90d }
receivers:
  - name: team
    slack_configs: [{ channel: '#alerts', send_resolved: true }]
`;

export function compiled(slos: readonly Slo[]): CompiledSlo[] {
  return slos.map((slo) => {
    const result = compileSlo(slo);
    if (!result.ok) throw new Error(result.error.map(formatProblem).join('\n'));
    return result.value;
  });
}

/** The runbooks that ship with Tocsin. */
export async function shippedRunbooks(): Promise<readonly Runbook[]> {
  return (await loadRunbooksDirectory(fileURLToPath(new URL('../../runbooks', import.meta.url)))).runbooks;
}
