import { errorAt } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import type { DocumentPath, YamlDocument } from '../lib/yaml-document.js';
import type { NameList, NameSelector, RedactionPolicy, RedactionRule } from './redaction.js';
import type { NameListDocument, RedactionDocument } from './redaction-schema.js';

interface Source {
  readonly content: RedactionDocument;
  readonly source: YamlDocument;
}

/** A `Redaction` document as a policy, with the place of everything that can still turn out to be wrong. */
export function readRedaction({ content, source }: Source, problems: Problem[]): RedactionPolicy {
  const { metadata, spec } = content;
  const rules = (spec.rules ?? []).map((rule, index): RedactionRule => {
    const path = ['spec', 'rules', index] as const;
    return {
      name: rule.name,
      mode: rule.mode ?? 'mask',
      attributes: readSelector(rule.attributes, source, [...path, 'attributes']),
      detect: rule.detect ?? [],
      secretNames: rule.secretNames ?? [],
      at: source.at([...path, 'name']),
    };
  });
  problems.push(...duplicates(rules));
  return {
    name: metadata.name,
    enabled: spec.enabled ?? true,
    services: readSelector(spec.services, source, ['spec', 'services']),
    exempt: spec.exempt === undefined ? undefined : readList(spec.exempt, source, ['spec', 'exempt']),
    rules,
    at: source.at(['metadata', 'name']),
  };
}

/** Counters carry the names of rules. */
function duplicates(rules: readonly RedactionRule[]): Problem[] {
  return rules.flatMap((rule, index) => {
    const first = rules.findIndex(({ name }) => name === rule.name);
    if (first === index) return [];
    return [errorAt(rule.at, 'rules/duplicate-name', { path: `spec.rules[${index}].name`, message: `there is another rule "${rule.name}" at line ${rules[first]?.at.line ?? 0}`, hint: 'rename one of them' })];
  });
}

function readSelector(written: (NameListDocument & { readonly except?: NameListDocument | undefined }) | undefined, source: YamlDocument, path: DocumentPath): NameSelector | undefined {
  if (written === undefined) return undefined;
  const any = readList(written, source, path);
  const isEmpty = any.names.length === 0 && any.prefixes.length === 0 && any.patterns.length === 0;
  return {
    any: isEmpty ? undefined : any,
    except: written.except === undefined ? undefined : readList(written.except, source, [...path, 'except']),
  };
}

function readList({ names = [], prefixes = [], patterns = [] }: NameListDocument, source: YamlDocument, path: DocumentPath): NameList {
  return { names, prefixes, patterns: patterns.map((text, index) => ({ text, at: source.atText([...path, 'patterns', index]) })) };
}
