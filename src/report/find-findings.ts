import { ANY_SERVICE } from '../config/quality-rule.js';
import { stableHash } from '../lib/stable-hash.js';
import { findChainFindings } from './find-chain-findings.js';
import { findContentFindings, outsideGlossary } from './find-content-findings.js';
import { findOperationFindings, type OperationInput } from './find-operation-findings.js';
import { findPipelineFindings, type PipelineInput } from './find-pipeline-findings.js';
import { byUrgency, type FoundFinding, type QualityFinding } from './quality-finding.js';

export type FindInput = PipelineInput & Pick<OperationInput, 'around'>;

/** Everything that is wrong by these facts, each with a name and an owner, the most urgent first. */
export function findFindings(input: FindInput, owners: ReadonlyMap<string, string>): QualityFinding[] {
  const { table, thresholds } = input;
  const found = [...findChainFindings(table, thresholds), ...findContentFindings(table, thresholds), ...outsideGlossary(table, input.glossary), ...findPipelineFindings(input), ...findOperationFindings(input)];
  return found.map((finding) => named(finding, owners)).sort(byUrgency);
}

/** Who puts right what is wrong with a service; undefined where nobody is named. */
export function ownerOf(owners: ReadonlyMap<string, string>, service: string): string | undefined {
  return owners.get(service) ?? owners.get(ANY_SERVICE);
}

function named({ about, ...finding }: FoundFinding, owners: ReadonlyMap<string, string>): QualityFinding {
  return { id: `${finding.kind}-${stableHash([finding.kind, finding.service, about])}`, owner: ownerOf(owners, finding.service), ...finding };
}
