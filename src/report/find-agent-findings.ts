import { agentLosses, type AgentLoss } from './agent-losses.js';
import type { FactTable } from './quality-fact.js';
import type { FoundFinding } from './quality-finding.js';
import { isPattern } from './pattern.js';
import { percent, whole } from './words.js';

const ALLOWED = 0.01;

/** What eBPF agents lost before it could be sent: nothing else knows of it. */
export function findAgentFindings(table: FactTable): FoundFinding[] {
  return agentLosses(table).flatMap(agentLoss);
}

function agentLoss(loss: AgentLoss): FoundFinding[] {
  const { host, deliveredSpans, lostSpans, readEvents, lostEvents, reasons } = loss;
  const [spans, events] = [deliveredSpans + lostSpans, readEvents + lostEvents];
  const losesSpans = isPattern({ n: spans, bad: lostSpans }, ALLOWED);
  if (!losesSpans && !isPattern({ n: events, bad: lostEvents }, ALLOWED)) return [];
  const [affected, of] = losesSpans ? [lostSpans, spans] : [lostEvents, events];
  const unit = losesSpans ? 'spans' : 'events';
  const own = reasons.filter(({ reason }) => reason.startsWith(`${unit} `));
  const named = host === '' ? 'a host without a name' : host;
  return [{
    kind: 'agent-loss', severity: 'medium', service: '', about: host, affected, of, examples: [],
    title: `The agent on ${named} lost ${percent(affected, of)} of ${losesSpans ? 'its spans' : 'what it saw in the kernel'}`,
    detail: `${whole(lostSpans)} of ${whole(spans)} spans and ${whole(lostEvents)} of ${whole(events)} events; ${unit} by reason: ${own.slice(0, 4).map(({ reason, n }) => `${reason.replace(/^\w+ /, '')} ${whole(n)}`).join(', ')}. Requests on this host are counted too low.`,
    ...remedyFor(own[0]?.reason ?? ''),
  }];
}

/** What most of it was lost by decides what helps. */
function remedyFor(reason: string): Pick<FoundFinding, 'cause' | 'fix'> {
  if (/ (?:buffer_full|refused|rejected)$/.test(reason)) {
    return {
      cause: 'Tocsin could not be reached for longer than the agent keeps spans, or refused them.',
      fix: { where: 'agent.yaml of that host, and the log of the agent for why it was refused', language: 'yaml', text: 'otlp:\n  buffer_mib: 32   # compressed spans that wait while Tocsin is away; default 8' },
    };
  }
  return {
    cause: 'The agent does not get enough CPU, or sees more connections than it keeps.',
    fix: { where: 'agent.yaml of that host: what need not be traced costs nothing', language: 'yaml', text: 'agent:\n  ebpf:\n    network:\n      exclude_paths: [/health, /healthz, /ready, /metrics, /internal/*]\n      exclude_ports: [22, 2379]' },
  };
}
