import { closest } from '../lib/closest.js';
import { deepFreeze } from '../lib/deep-freeze.js';
import { errorAt, sortProblems } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import type { TextFile } from '../lib/yaml-document.js';
import { readAlertPolicy } from './alert-policy.js';
import { readBurnRatePolicy } from './burn-rate-policy.js';
import { excluder, readExclusions } from './exclusion-rules.js';
import { RUNBOOK_ANNOTATION } from './open-slo-schema.js';
import { readQuality } from './quality-rule.js';
import { readRedaction } from './redaction-rules.js';
import { readReleaseGates } from './release-gate.js';
import { resolveSlo } from './resolve-slo.js';
import { readRuleDocuments, type RuleDocument, type RuleDocuments } from './rule-documents.js';
import { otherQueries } from './rule-queries.js';
import { readThresholds } from './incident-threshold.js';
import { readWindows } from './incident-window.js';
import { readDrills } from './read-drills.js';
import { readEscalation, readPersons } from './read-escalation.js';
import type { BurnRateRule, ReceiverRule, RuleSet, RunbookReference, ServiceRule } from './rule-set.js';
import { readSampling } from './sampling-rules.js';
import type { Slo } from './slo.js';
import { readAnomalyRules } from './anomaly-rule.js';
import { readSignatureRules } from './signature-rule.js';
import { checkThreshold } from './threshold-indicator.js';
import { dataSourceProblems, readRatio } from './trace-indicator.js';

export interface LoadedRules {
  /** What is sound. Only complete when `problems` holds no error: a caller must not run on half of the rules. */
  readonly rules: RuleSet;
  readonly problems: readonly Problem[];
}

/** Reads, checks and resolves the rule files (all but routing.yaml) as a whole. */
export function loadRules(files: readonly TextFile[]): LoadedRules {
  const problems: Problem[] = [];
  const documents = readRuleDocuments(files, problems);
  const policies = readPolicies(documents, problems);
  problems.push(...dataSourceProblems(documents), ...sharedIndicatorProblems(documents), ...presetProblems(policies));
  const services = new Set([...documents.SLO.values()].map(({ content }) => content.spec.service));
  const exclusions = readExclusions(documents.Exclusion.values(), { slos: new Set(documents.SLO.keys()), services }, problems);
  const exclude = excluder(exclusions);
  const slos: Slo[] = [];
  for (const [name, rule] of documents.SLO) {
    slos.push(...resolveSlo(rule, { documents, policies, problems }).map((slo) => exclude(slo, name)));
  }
  problems.push(...nameProblems(slos));
  const signatureRules = readSignatureRules(documents.SignatureRule.values(), problems);
  const rules: RuleSet = {
    slos,
    services: [...documents.Service.values()].map(readService),
    policies: [...policies.values()],
    receivers: [...documents.Receiver.values()].map(readReceiver),
    escalations: [...documents.EscalationPolicy.values()].map((document) => readEscalation(document, problems)),
    thresholds: readThresholds(documents.IncidentThreshold.values(), problems),
    windows: readWindows(documents.IncidentWindow.values(), problems),
    drills: readDrills(documents.Drill.values(), problems),
    persons: readPersons(documents.Person.values(), problems),
    redactions: [...documents.Redaction.values()].map((document) => readRedaction(document, problems)),
    signatureRules,
    anomalyRules: readAnomalyRules(documents.AnomalyRule.values()),
    sampling: readSampling(documents.Sampling.values(), problems),
    quality: readQuality(documents.TraceQuality.values(), problems),
    gates: readReleaseGates(documents.ReleaseGate.values(), new Set(documents.SLO.keys()), problems),
    exclusions,
    runbookReferences: [...[...documents.SLO.values()].flatMap(readRunbookReference), ...[...documents.SignatureRule.values(), ...documents.AnomalyRule.values()].flatMap(readSignatureRunbook)],
    otherQueries: otherQueries(documents, slos),
  };
  return { rules: deepFreeze(rules), problems: sortProblems(problems) };
}

function readPolicies(documents: RuleDocuments, problems: Problem[]): Map<string, BurnRateRule> {
  const policies = new Map<string, BurnRateRule>();
  for (const [name, document] of documents.BurnRatePolicy) {
    const policy = readBurnRatePolicy(document, problems);
    if (policy !== undefined) policies.set(name, policy);
  }
  for (const [name, { content, source }] of documents.AlertPolicy) {
    const policy = readAlertPolicy({ spec: content.spec, name, source, path: ['spec'] }, documents, problems);
    if (policy !== undefined) policies.set(name, policy);
  }
  return policies;
}

function sharedIndicatorProblems(documents: RuleDocuments): Problem[] {
  const problems: Problem[] = [];
  for (const [name, { content, source }] of documents.SLI) {
    const place = { spec: content.spec, name, source, path: ['spec'] };
    if (content.spec.ratioMetric !== undefined) readRatio({ ...place, metric: content.spec.ratioMetric }, { documents, problems });
    if (content.spec.thresholdMetric !== undefined) checkThreshold({ ...place, metric: content.spec.thresholdMetric }, { documents, problems });
  }
  return problems;
}

/** Objectives of one document have names of their own, which may be those of others. */
function nameProblems(slos: readonly Slo[]): Problem[] {
  const byName = new Map<string, Slo>();
  return slos.flatMap((slo) => {
    const first = byName.get(slo.name);
    byName.set(slo.name, first ?? slo);
    if (first === undefined) return [];
    return [errorAt(slo.at, 'rules/duplicate-name', { path: 'metadata.name', message: `two objectives are named "${slo.name}", the other at ${first.at.file}:${first.at.line}`, hint: 'give the objectives different displayNames' })];
  });
}

function presetProblems(policies: ReadonlyMap<string, BurnRateRule>): Problem[] {
  const byWindow = new Map<number, BurnRateRule>();
  return [...policies.values()].flatMap((policy) => {
    if (policy.presetForMs === undefined) return [];
    const first = byWindow.get(policy.presetForMs);
    byWindow.set(policy.presetForMs, first ?? policy);
    if (first === undefined) return [];
    return [errorAt(policy.at, 'rules/duplicate-name', { path: 'spec.presetFor', message: `"${first.name}" at ${first.at.file}:${first.at.line} is the preset of this window already`, hint: 'keep one of them' })];
  });
}

function readService({ content, source }: NonNullable<ReturnType<RuleDocuments['Service']['get']>>): ServiceRule {
  const { name, displayName } = content.metadata;
  return { name, displayName: displayName ?? name, description: content.spec?.description ?? '', at: source.at(['metadata', 'name']) };
}

function readReceiver({ content, source }: NonNullable<ReturnType<RuleDocuments['Receiver']['get']>>): ReceiverRule {
  const { webhook, alertmanagers } = content.spec;
  return {
    name: content.metadata.name, webhookSecretFile: webhook?.secretFile, at: source.at(['metadata', 'name']),
    ...(webhook?.body === undefined ? {} : { webhookBody: { text: webhook.body, contentType: webhook.contentType ?? 'application/json' } }),
    ...(alertmanagers === undefined ? {} : { alertmanagers: alertmanagers.map(({ url, credentialsFile, sendResolved = true }) => ({ url: url.endsWith('/') ? url : `${url}/`, credentialsFile, sendResolved })) }),
  };
}

function readRunbookReference({ content, source }: NonNullable<ReturnType<RuleDocuments['SLO']['get']>>): RunbookReference[] {
  const runbook = content.metadata.annotations?.[RUNBOOK_ANNOTATION];
  if (runbook === undefined) return [];
  return [{ rule: `SLO "${content.metadata.name}"`, path: `metadata.annotations.${RUNBOOK_ANNOTATION}`, runbook, at: source.at(['metadata', 'annotations', RUNBOOK_ANNOTATION]) }];
}

function readSignatureRunbook({ content: { kind, metadata, spec: { runbook } }, source }: RuleDocument<'SignatureRule'> | RuleDocument<'AnomalyRule'>): RunbookReference[] {
  return runbook === undefined ? [] : [{ rule: `${kind} "${metadata.name}"`, path: 'spec.runbook', runbook, at: source.at(['spec', 'runbook']) }];
}

/** Rules that name a runbook which is not among `names`. */
export function checkRunbookReferences(rules: RuleSet, names: readonly string[]): Problem[] {
  return rules.runbookReferences.filter(({ runbook }) => !names.includes(runbook)).map(({ rule, path, runbook, at }) => {
    const near = closest(runbook, names);
    const hint = near !== undefined ? `did you mean "${near}"?` : /^https?:/.test(runbook) ? 'put it into runbooks/ as NAME.md (a link inside is fine) and write NAME here' : `write runbooks/${runbook}.md`;
    return errorAt(at, 'rules/unknown-runbook', { path, message: `${rule} names the runbook "${runbook}", which does not exist`, hint });
  });
}
