import { describe, expect, test } from 'vitest';
import { formatProblem } from '../lib/problem.js';
import { loadRules } from './load-rules.js';

const document = (spec: string): string => `apiVersion: tocsin.dev/v1\nkind: Redaction\nmetadata: { name: own }\nspec:\n${spec}`;
const load = (spec: string): ReturnType<typeof loadRules> => loadRules([{ path: 'rules/redaction.yaml', text: document(spec) }]);

describe('a Redaction document', () => {
  test('becomes a policy that knows where its patterns are written', () => {
    const { rules, problems } = load(`  services: { names: [checkout], except: { prefixes: [check-] } }
  exempt: { names: [user.id] }
  rules:
    - name: keys
      attributes: { names: [a], prefixes: [b.], patterns: ['c.*'] }
      mode: hash
    - { name: text, detect: [email, secret-pair], secretNames: [x-own] }
`);
    expect(problems.map(formatProblem)).toEqual([]);
    expect(rules.redactions).toEqual([{
      name: 'own',
      enabled: true,
      services: { any: { names: ['checkout'], prefixes: [], patterns: [] }, except: { names: [], prefixes: ['check-'], patterns: [] } },
      exempt: { names: ['user.id'], prefixes: [], patterns: [] },
      rules: [
        {
          name: 'keys', mode: 'hash', detect: [], secretNames: [],
          attributes: { any: { names: ['a'], prefixes: ['b.'], patterns: [{ text: 'c.*', at: { file: 'rules/redaction.yaml', line: 9, column: 61 } }] }, except: undefined },
          at: { file: 'rules/redaction.yaml', line: 8, column: 13 },
        },
        { name: 'text', mode: 'mask', attributes: undefined, detect: ['email', 'secret-pair'], secretNames: ['x-own'], at: { file: 'rules/redaction.yaml', line: 11, column: 15 } },
      ],
      at: { file: 'rules/redaction.yaml', line: 3, column: 19 },
    }]);
  });

  test('with nothing but exceptions selects everything else', () => {
    const { rules } = load('  rules:\n    - { name: only-known, attributes: { except: { prefixes: [http.] } }, mode: drop }\n');
    expect(rules.redactions[0]?.rules[0]?.attributes).toEqual({ any: undefined, except: { names: [], prefixes: ['http.'], patterns: [] } });
  });

  test('may be switched off', () => {
    expect(load('  enabled: false\n').rules.redactions[0]?.enabled).toBe(false);
  });

  test.each([
    ['a rule that does nothing', '  rules: [{ name: a }]\n', 'rules/missing-key spec.rules[0]'],
    ['a rule without a name', '  rules: [{ detect: [email] }]\n', 'rules/missing-key spec.rules[0].name'],
    ['an empty list', '  rules: [{ name: a, attributes: {} }]\n', 'rules/missing-key spec.rules[0].attributes'],
    ['a detector that does not exist', '  rules: [{ name: a, detect: [emial] }]\n', 'did you mean "email"?'],
    ['a mode that does not exist', '  rules: [{ name: a, detect: [email], mode: remove }]\n', 'rules/invalid-value spec.rules[0].mode'],
    ['a misspelt key', '  rules: [{ name: a, detects: [email] }]\n', 'did you mean "detect"?'],
    ['names for a detector that has none', '  rules: [{ name: a, detect: [email], secretNames: [x] }]\n', 'rules/invalid-value spec.rules[0].secretNames'],
    ['two rules of one name', '  rules: [{ name: a, detect: [email] }, { name: a, detect: [jwt] }]\n', 'rules/duplicate-name spec.rules[1].name'],
  ])('is refused for %s', (_, spec, expected) => {
    expect(load(spec).problems.map(formatProblem).join('\n')).toContain(expected);
  });

  test('is refused when another has its name', () => {
    const file = { path: 'a.yaml', text: document('  rules: []\n') };
    expect(loadRules([file, { ...file, path: 'b.yaml' }]).problems.map(({ code }) => code)).toEqual(['rules/duplicate-name']);
  });
});
