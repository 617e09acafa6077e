import { closest } from '../lib/closest.js';
import { errorAt, warningAt } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { validateDocument } from '../lib/validate-document.js';
import { parseYaml, valueAt, type TextFile, type YamlDocument } from '../lib/yaml-document.js';
import { withoutForeignSpecs } from './foreign-source.js';
import { openSloSchemas } from './open-slo-schema.js';
import { TOCSIN_KINDS_NOT_YET, tocsinSchemas } from './tocsin-schema.js';
import type { z } from 'zod';

const SCHEMAS = { ...openSloSchemas, ...tocsinSchemas };
type Kind = keyof typeof SCHEMAS;

/** A document that matched the schema of its kind, with its place. */
export interface RuleDocument<K extends Kind> {
  readonly content: z.output<(typeof SCHEMAS)[K]>;
  readonly source: YamlDocument;
}

type ByKind = { readonly [K in Kind]: Map<string, RuleDocument<K>> };

export interface RuleDocuments extends ByKind {
  /** `SLI/checkout-ok`: documents that exist but did not validate. What refers to them is not wrong, so it is not reported. */
  readonly broken: Set<string>;
}

/** Reads every document of every file into its kind, by name. What does not validate is left out and reported. */
export function readRuleDocuments(files: readonly TextFile[], problems: Problem[]): RuleDocuments {
  const documents: RuleDocuments = {
    SLO: new Map(), SLI: new Map(), Service: new Map(), DataSource: new Map(), AlertPolicy: new Map(),
    AlertCondition: new Map(), AlertNotificationTarget: new Map(), BurnRatePolicy: new Map(), Receiver: new Map(), EscalationPolicy: new Map(), Drill: new Map(), IncidentThreshold: new Map(), IncidentWindow: new Map(), Person: new Map(), Exclusion: new Map(), Redaction: new Map(), Sampling: new Map(), TraceQuality: new Map(), SignatureRule: new Map(), AnomalyRule: new Map(), ReleaseGate: new Map(), broken: new Set(),
  };
  for (const file of files) {
    const parsed = parseYaml(file);
    problems.push(...parsed.problems);
    if (file.text.trim() === '') problems.push(warningAt({ file: file.path, line: 1, column: 1 }, 'rules/empty-file', { message: 'this file is empty', hint: 'remove it, or bring back what was in it' }));
    for (const document of parsed.documents) problems.push(...addDocument(document, documents));
  }
  return documents;
}

function addDocument(source: YamlDocument, documents: RuleDocuments): Problem[] {
  const kind = kindOf(source);
  if (typeof kind !== 'string') return [kind];
  return addOfKind(kind, source, documents);
}

function addOfKind<K extends Kind>(kind: K, source: YamlDocument, documents: RuleDocuments): Problem[] {
  const schema = SCHEMAS[kind] as unknown as z.ZodType<RuleDocument<K>['content']>;
  const checked = validateDocument(schema, withoutForeignSpecs(source), { area: 'rules' });
  if (!checked.ok) {
    documents.broken.add(`${kind}/${String(valueAt(source.value, ['metadata', 'name']))}`);
    return checked.error;
  }
  const { name } = checked.value.metadata;
  const sameKind: Map<string, RuleDocument<K>> = (documents as ByKind)[kind];
  const first = sameKind.get(name) ?? (kind === 'AlertPolicy' ? documents.BurnRatePolicy.get(name) : kind === 'BurnRatePolicy' ? documents.AlertPolicy.get(name) : undefined);
  if (first !== undefined) {
    const at = first.source.at(['metadata', 'name']);
    return [errorAt(source.at(['metadata', 'name']), 'rules/duplicate-name', { path: 'metadata.name', message: `there is another ${kind} "${name}" at ${at.file}:${at.line}`, hint: 'rename or remove one' })];
  }
  sameKind.set(name, { content: checked.value, source });
  return [];
}

function kindOf(source: YamlDocument): Kind | Problem {
  const { value } = source;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return errorAt(source.at([]), 'yaml/not-a-mapping', { message: 'a rule is a mapping with apiVersion, kind, metadata and spec', hint: 'remove this document, or separate documents with ---' });
  }
  const { apiVersion, kind } = value as { apiVersion?: unknown; kind?: unknown };
  const byVersion: Readonly<Record<string, readonly string[]>> = { 'openslo/v1': Object.keys(openSloSchemas), 'tocsin.dev/v1': Object.keys(tocsinSchemas) };
  const kinds = typeof apiVersion === 'string' && Object.hasOwn(byVersion, apiVersion) ? byVersion[apiVersion] : undefined;
  if (kinds === undefined) return unknownVersion(source, apiVersion);
  if (typeof kind === 'string' && kinds.includes(kind)) return kind as Kind;
  const reason = apiVersion === 'tocsin.dev/v1' && typeof kind === 'string' ? TOCSIN_KINDS_NOT_YET[kind] : undefined;
  if (reason !== undefined) return errorAt(source.at(['kind']), 'rules/not-supported-yet', { path: 'kind', message: `"${String(kind)}" is not supported yet: ${reason}`, hint: 'remove this document' });
  const near = typeof kind === 'string' ? closest(kind, Object.keys(SCHEMAS)) : undefined;
  return errorAt(source.at(['kind']), 'rules/unknown-kind', { path: 'kind', message: kind === undefined ? 'the kind is missing' : `there is no kind ${JSON.stringify(kind)} in ${String(apiVersion)}`, hint: near === undefined ? `kinds are ${kinds.join(', ')}` : `did you mean "${near}"${kinds.includes(near) ? '' : ' with another apiVersion'}?` });
}

function unknownVersion(source: YamlDocument, apiVersion: unknown): Problem {
  const message = apiVersion === undefined ? 'the apiVersion is missing' : `there is no apiVersion ${JSON.stringify(apiVersion)}`;
  const value = source.value as Record<string, unknown>;
  const isRouting = 'route' in value || 'receivers' in value;
  return errorAt(source.at(['apiVersion']), 'rules/unknown-kind', { path: 'apiVersion', message, hint: isRouting ? 'this looks like routing: its file is rules/routing.yaml' : 'SLOs have openslo/v1; BurnRatePolicy and Receiver have tocsin.dev/v1' });
}
