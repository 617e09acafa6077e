import { describe, expect, test } from 'vitest';
import type { PatternKind } from '../diagnosis/pattern/pattern.js';
import type { Problem } from '../lib/problem.js';
import { findPatternRunbook, findRunbook } from './find-runbook.js';
import { loadRunbooks, type LoadedRunbooks } from './load-runbooks.js';
import { MAX_RENDERED_LENGTH, renderRunbook, renderRunbookOrRaw } from './render-runbook.js';
import type { Runbook } from './runbook.js';
import { SAMPLE_CONTEXTS } from './sample-contexts.js';

const load = (text: string): LoadedRunbooks => loadRunbooks([{ path: 'runbooks/fire.md', text }]);
const brief = (problems: readonly Problem[]): string[] => problems.map(({ at, level, code }) => `${at.line}:${at.column} ${level} ${code}`);
const only = (text: string): Runbook => {
  const { runbooks: [runbook], problems } = load(text);
  expect(brief(problems)).toEqual([]);
  if (runbook === undefined) throw new Error('no runbook');
  return runbook;
};
const body = (template: string): string => `---\ntitle: Fire\n---\n${template}`;
const full = SAMPLE_CONTEXTS[0]?.context;
const sparse = SAMPLE_CONTEXTS[1]?.context;
if (full === undefined || sparse === undefined) throw new Error('no samples');

describe('front matter', () => {
  test('gives title and matchers; the name is the file\'s', () => {
    const runbook = only('---\ntitle: Fire\nmatch: { service: checkout }\n---\n# Text\n');
    expect(runbook).toMatchObject({ name: 'fire', title: 'Fire', body: '# Text\n', bodyLine: 5 });
    expect(runbook.matchers).toMatchObject([{ name: 'service', operator: '=', value: 'checkout' }]);
  });

  test('takes Alertmanager\'s matchers as well', () => {
    expect(only("---\ntitle: Fire\nmatch: ['service=~\"a|b\"', severity=page]\n---\n").matchers.map(({ operator }) => operator)).toEqual(['=~', '=']);
  });

  test('may be missing when there is a heading', () => {
    expect(only('# Fire in the hall\n\nRun.\n')).toMatchObject({ title: 'Fire in the hall', bodyLine: 1 });
    expect(brief(load('Run.\n').problems)).toEqual(['1:1 error runbooks/missing-key']);
  });

  test('survives Windows line ends', () => {
    expect(only('---\r\ntitle: Fire\r\n---\r\nRun.\r\n')).toMatchObject({ title: 'Fire', body: 'Run.\r\n', bodyLine: 4 });
  });

  test.each([
    ['an unknown key', '---\ntitle: x\ntitel: y\n---\n', ['3:1 error runbooks/unknown-key']],
    ['a bad matcher', "---\ntitle: x\nmatch: ['a=~\"(\"']\n---\n", ['3:9 error runbooks/bad-matcher']],
    ['broken YAML', '---\ntitle: [x\n---\n', ['3:1 error yaml/syntax']],
    ['actions, which nobody runs yet', '---\ntitle: x\nactions: [restart]\n---\n', ['3:1 warning runbooks/not-supported-yet']],
  ])('%s', (_, text, expected) => {
    expect(brief(load(text).problems)).toEqual(expected);
  });
});

describe('rendering', () => {
  test('fills in the incident', () => {
    const rendered = renderRunbook(only(body('{{ incident.title }}{% for trace in traces %} [{{ trace.role }}]({{ trace.url }}){% endfor %}')), full);
    expect(rendered).toEqual({ ok: true, value: 'checkout-availability: burning 21x [most-common](http://127.0.0.1:4400/traces/4bf92f3577b34da6a3ce929d0e0e4736?span=00f067aa0ba902b7)' });
  });

  test('does not escape: the output is Markdown', () => {
    expect(renderRunbook(only(body('{{ incident.suspect | default("a & b <c>") }}')), sparse)).toEqual({ ok: true, value: 'a & b <c>' });
  });

  test('a value that may be missing must be asked for: found at check, with its line', () => {
    const { problems } = load(body('One\nTwo {{ signature.type }}\n'));
    expect(brief(problems)).toEqual(['5:5 error runbooks/does-not-render']);
    expect(problems[0]?.message).toBe('{{ signature.type }} has no value for an incident without signature, suspect, owner and traces');
    expect(brief(load(body('{% if signature %}{{ signature.type }}{% endif %}')).problems)).toEqual([]);
  });

  test('a misspelt name is found at check', () => {
    expect(brief(load(body('{{ incident.titel }}')).problems)).toEqual(['4:1 error runbooks/does-not-render']);
  });

  test('at run time the raw text goes out with a note', () => {
    const text = renderRunbookOrRaw({ ...only(body('Run. ')), body: 'Run to {{ nowhere }}.' }, full);
    expect(text).toContain('> **Note:**');
    expect(text).toContain('{{ nowhere }} has no value');
    expect(text).toContain('Run to {{ nowhere }}.');
  });

  test('output has a limit', () => {
    const runbook = { ...only(body('x')), body: 'x'.repeat(MAX_RENDERED_LENGTH + 1) };
    expect(renderRunbook(runbook, full).ok).toBe(false);
    expect(renderRunbookOrRaw(runbook, full).length).toBeLessThan(MAX_RENDERED_LENGTH + 500);
  });
});

describe('templates cannot reach out', () => {
  test.each([
    ['the Function constructor', '{{ "".constructor.constructor("return process")() }}'],
    ['by another name', '{% set f = constructor %}{{ f("return process") }}'],
    ['by a computed name', '{{ ""["con" ~ "structor"] }}'],
    ['a written-out inner name', '{{ incident["__proto__"] }}'],
    ['calls', '{{ incident.title.toUpperCase() }}'],
    ['range', '{% for i in range(1000000000) %}x{% endfor %}'],
    ['other files', '{% include "/etc/passwd" %}'],
    ['imports', '{% import "x" as x %}'],
    ['inheritance', '{% extends "x" %}'],
    ['macros', '{% macro m() %}{% endmacro %}'],
    ['filters that take paths', '{{ traces | groupby("constructor") }}'],
    ['filters without measure', '{{ "x" | center(1000000000) }}'],
    ['regular expressions', '{{ "x" | replace(r/(a+)+b/, "") }}'],
    ['an unclosed block', 'a\n{% if incident %}'],
    ['an unknown filter', '{{ incident.title | shout }}'],
    ['another template language', '{{range .items}}{{.name}}{{end}}'],
  ])('%s', (_, template) => {
    const { problems } = load(body(template));
    expect(problems.map(({ code }) => code)).toContain('runbooks/template');
    expect(problems.every(({ at }) => at.line >= 4)).toBe(true);
    expect(renderRunbook({ ...only(body('x')), body: template }, full).ok).toBe(false);
  });

  test('what is forbidden has its place, and {% raw %} lets other languages through', () => {
    expect(brief(load(body('a\n  {{ incident.title.trim() }}\n')).problems)[0]).toMatch(/^5:\d+ error runbooks\/template$/);
    const runbook = only(body("{% raw %}kubectl get pods -o go-template='{{range .items}}{{end}}'{% endraw %}"));
    expect(renderRunbook(runbook, full)).toEqual({ ok: true, value: "kubectl get pods -o go-template='{{range .items}}{{end}}'" });
  });
});

describe('finding the runbook', () => {
  const { runbooks } = loadRunbooks([
    { path: 'b-general.md', text: '---\ntitle: General\nmatch: { service: checkout }\n---\n' },
    { path: 'c-special.md', text: '---\ntitle: Special\nmatch: { service: checkout, severity: page }\n---\n' },
    { path: 'a-unmatched.md', text: '---\ntitle: Never by chance\n---\n' },
  ]);
  const find = (name: string | undefined, labels: Record<string, string>): string | undefined => findRunbook(runbooks, { name, labels })?.name;

  test('the annotation decides', () => {
    expect(find('a-unmatched', { service: 'checkout' })).toBe('a-unmatched');
  });

  test('else the one that says most about the labels', () => {
    expect(find(undefined, { service: 'checkout', severity: 'page' })).toBe('c-special');
    expect(find(undefined, { service: 'checkout', severity: 'ticket' })).toBe('b-general');
    expect(find('gone', { service: 'checkout' })).toBe('b-general');
    expect(find(undefined, { service: 'front' })).toBeUndefined();
  });
});

test('a pattern has the runbook that names it, the one for its service first; runbooks of alerts are not for it', () => {
  const { runbooks } = loadRunbooks([['any', '{ pattern: n-plus-one }'], ['cart', '{ pattern: n-plus-one, service: cart }'], ['other', '{ pattern: fan-out }'], ['alert', '{ service: cart }']].map(([name, match]) => ({ path: `runbooks/${name}.md`, text: `---\ntitle: ${name}\nmatch: ${match}\n---\n` })));
  const named = (kind: PatternKind, service: string): string | undefined => findPatternRunbook(runbooks, { kind, service })?.name;
  expect([named('n-plus-one', 'cart'), named('n-plus-one', 'stock'), named('fan-out', 'cart'), named('slow-self', 'cart'), findPatternRunbook(runbooks, undefined)]).toEqual(['cart', 'any', 'other', undefined, undefined]);
});
