import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { INTRINSIC_TYPES } from '../trace/traceql/ast.js';
import { parseSearch } from '../trace/traceql/parser.js';

const TEXT = readFileSync(new URL('../../docs/traceql.md', import.meta.url), 'utf8');
const block = (label: string): string => new RegExp('```\\w+ ' + label + '\\n(.*?)```', 's').exec(TEXT)?.[1] ?? '';

describe('docs/traceql.md', () => {
  test.each(['search', 'metrics'] as const)('queries under "%s" are that', (kind) => {
    const queries = block(kind).trim().split('\n');
    expect(queries.length).toBeGreaterThan(5);
    for (const query of queries) {
      const parsed = parseSearch(query);
      expect(parsed.ok ? parsed.value.type : parsed.error, query).toBe(kind);
    }
  });

  test('wrong queries are answered as shown', () => {
    const wrong = [...block('traceql-errors').matchAll(/^(\S.*)\n {2}(.*)$/gm)];
    expect(wrong.length).toBeGreaterThan(3);
    for (const [, query = '', answer] of wrong) {
      const parsed = parseSearch(query);
      expect(parsed.ok ? 'right' : `${parsed.error.line}:${parsed.error.column} ${parsed.error.message}. ${parsed.error.hint}`).toBe(answer);
    }
  });

  test('every intrinsic is named', () => {
    for (const name of Object.keys(INTRINSIC_TYPES)) expect(TEXT, name).toContain(`\`${name}\``);
  });
});
