import { DETECTOR_NAMES, type DetectorName, type RedactionMode, type RedactionPolicy, type RedactionRule } from '../config/redaction.js';
import { errorAt } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import type { Concealer } from './detect-concealed.js';
import { DETECTORS, type Detector } from './detect.js';
import { plainName } from './detect-secret-pairs.js';
import { concealerFor } from './redact-concealer.js';
import type { NameMatcher } from './redact-pattern.js';
import { compileList, compileSelector, type SelectorMatcher } from './redact-selector.js';

/** Looks for one kind of secret on behalf of one rule. */
export class TextStep {
  readonly rule: CompiledRule;
  readonly signs: number;
  readonly order: number;
  /** What it concealed since it was last asked. */
  count = 0;
  readonly #detector: Detector;
  readonly #secretNames: ReadonlySet<string>;
  readonly #concealer: Concealer;

  constructor(rule: CompiledRule, name: DetectorName, secretNames: ReadonlySet<string>) {
    this.rule = rule;
    this.order = DETECTOR_NAMES.indexOf(name);
    this.#detector = DETECTORS[name];
    this.signs = this.#detector.signs;
    this.#secretNames = secretNames;
    this.#concealer = {
      conceal: (secret, shape) => {
        this.count += 1;
        return rule.concealer.conceal(secret, shape);
      },
    };
  }

  redact(text: string): string {
    return this.#detector.redact(text, this.#concealer, this.#secretNames);
  }
}

export interface CompiledRule {
  /** Place among all rules: what counters count by. */
  readonly index: number;
  readonly policy: string;
  readonly name: string;
  readonly mode: RedactionMode;
  readonly concealer: Concealer;
  readonly selects: SelectorMatcher;
  /** Names, messages and bodies, which have no key, are looked at too. */
  readonly inTexts: boolean;
  /** Empty: whole values. */
  readonly steps: readonly TextStep[];
}

export interface CompiledPolicy {
  readonly appliesTo: SelectorMatcher;
  readonly exempts: NameMatcher;
  readonly rules: readonly CompiledRule[];
}

export interface CompiledRedaction {
  /** Those that are switched on. */
  readonly policies: readonly CompiledPolicy[];
  readonly rules: readonly CompiledRule[];
}

export interface RedactionCompilation {
  readonly redaction: CompiledRedaction;
  /** With an error among them the rules must not be used: something would be written that should not. */
  readonly problems: readonly Problem[];
}

/** What a `Redactor` is made of. Plain data: it crosses threads. */
export interface RedactionRules {
  readonly policies: readonly RedactionPolicy[];
  /** The bytes of the key file; undefined where there is none. */
  readonly hashKey: Uint8Array | undefined;
}

export const NO_REDACTION: RedactionRules = { policies: [], hashKey: undefined };

/** `hashKey`: the bytes of the key file; undefined where there is none. */
export function compileRedaction(policies: readonly RedactionPolicy[], hashKey?: Uint8Array): RedactionCompilation {
  const problems: Problem[] = [];
  const rules: CompiledRule[] = [];
  const compiled = policies.map((policy): CompiledPolicy => ({
    appliesTo: compileSelector(policy.services, problems),
    exempts: policy.exempt === undefined ? () => false : compileList(policy.exempt, problems),
    rules: policy.rules.map((rule) => {
      if (policy.enabled && rule.mode === 'hash' && hashKey === undefined) problems.push(missingKey(rule));
      const ready = compileRule(rule, { policy, index: rules.length, hashKey, problems });
      rules.push(ready);
      return ready;
    }),
  }));
  return { redaction: { policies: compiled.filter((_, index) => policies[index]?.enabled === true), rules }, problems };
}

interface RuleContext {
  readonly policy: RedactionPolicy;
  readonly index: number;
  readonly hashKey: Uint8Array | undefined;
  readonly problems: Problem[];
}

function compileRule(rule: RedactionRule, { policy, index, hashKey, problems }: RuleContext): CompiledRule {
  const steps: TextStep[] = [];
  const compiled: CompiledRule = {
    index, policy: policy.name, name: rule.name, mode: rule.mode, steps,
    concealer: concealerFor(rule.mode, hashKey),
    selects: compileSelector(rule.attributes, problems),
    inTexts: rule.detect.length > 0 && rule.attributes?.any === undefined,
  };
  const secretNames = new Set(rule.secretNames.map(plainName));
  for (const name of rule.detect) steps.push(new TextStep(compiled, name, secretNames));
  return compiled;
}

function missingKey(rule: RedactionRule): Problem {
  return errorAt(rule.at, 'rules/no-hash-key', { path: 'mode', message: `the rule "${rule.name}" hashes, but there is no key to hash with`, hint: 'write 32 random bytes to a file (openssl rand -hex 32) and set TOCSIN_REDACTION_KEY_FILE to its path' });
}
