import { ANY_SERVICE } from '../config/quality-rule.js';
import { stableHash } from '../lib/stable-hash.js';
import { findAgentFindings } from './find-agent-findings.js';
import { findChainFindings } from './find-chain-findings.js';
import { findContentFindings, outsideGlossary } from './find-content-findings.js';
import { findOperationFindings, type OperationInput } from './find-operation-findings.js';
import { findPipelineFindings, type PipelineInput } from './find-pipeline-findings.js';
import { byUrgency, type FindingKind, type FoundFinding, type QualityFinding } from './quality-finding.js';

export type FindInput = PipelineInput & Pick<OperationInput, 'around'>;

/** Everything that is wrong by these facts, each with a name and an owner, the most urgent first. */
export function findFindings(input: FindInput, owners: ReadonlyMap<string, string>): QualityFinding[] {
  const { table, thresholds } = input;
  const found = [...findChainFindings(table, thresholds), ...findContentFindings(table, thresholds), ...outsideGlossary(table, input.glossary), ...findPipelineFindings(input), ...findOperationFindings(input), ...findAgentFindings(table)];
  return withoutMoreOfTheSame(found.map((finding) => named(finding, owners)).sort(byUrgency));
}

/** What can be found once for each key, name or pair of hosts of a service: more of them say nothing new, and hide the rest. */
const MANY_ALIKE: ReadonlySet<FindingKind> = new Set(['sensitive-data', 'clock-skew', 'blind-spot', 'loop', 'attribute-cardinality']);
const ALIKE_SHOWN = 5;

function withoutMoreOfTheSame(findings: readonly QualityFinding[]): QualityFinding[] {
  const keyOf = ({ kind, service }: QualityFinding): string => JSON.stringify([kind, service]);
  const groups = new Map<string, QualityFinding[]>();
  for (const finding of findings) groups.set(keyOf(finding), [...(groups.get(keyOf(finding)) ?? []), finding]);
  return findings.flatMap((finding): QualityFinding[] => {
    const alike = groups.get(keyOf(finding)) ?? [];
    const at = alike.indexOf(finding);
    if (!MANY_ALIKE.has(finding.kind) || at < ALIKE_SHOWN - 1 || alike.length <= ALIKE_SHOWN) return [finding];
    return at === ALIKE_SHOWN - 1 ? [{ ...finding, detail: `${finding.detail} ${alike.length - ALIKE_SHOWN} more like this are left out.` }] : [];
  });
}

/** Who puts right what is wrong with a service; undefined where nobody is named. */
export function ownerOf(owners: ReadonlyMap<string, string>, service: string): string | undefined {
  return owners.get(service) ?? owners.get(ANY_SERVICE);
}

function named({ about, ...finding }: FoundFinding, owners: ReadonlyMap<string, string>): QualityFinding {
  // Two clocks are the same two, whichever service calls most across them this week.
  const whose = finding.kind === 'clock-skew' ? '' : finding.service;
  return { id: `${finding.kind}-${stableHash([finding.kind, whose, about])}`, owner: ownerOf(owners, finding.service), ...finding };
}
