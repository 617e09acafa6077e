import { describe, expect, test } from 'vitest';
import { spanBatch } from './batch-builder.js';
import { aliasesOf, canonicalKey, valueAliasesOf } from './semantic-conventions.js';
import { compileMatcher } from './traceql/matcher.js';
import { parseTraceql } from './traceql/parser.js';

describe('semantic conventions', () => {
  test('an old name has a new one, a new or unknown name is its own', () => {
    expect(['http.method', 'http.request.method', 'my.key'].map(canonicalKey)).toEqual(['http.request.method', 'http.request.method', 'my.key']);
  });

  test('a new name stands for all its old ones, an old one for the new one only', () => {
    expect(aliasesOf('db.namespace')).toEqual(['db.namespace', 'db.name', 'db.redis.database_index']);
    expect(aliasesOf('db.name')).toEqual(['db.name', 'db.namespace']);
    expect(aliasesOf('toString')).toEqual(['toString']);
  });

  test('values that were renamed stand for each other', () => {
    expect(valueAliasesOf('db.system', 'mssql')).toEqual(['mssql', 'microsoft.sql_server']);
    expect(valueAliasesOf('db.system.name', 'microsoft.sql_server')).toEqual(['microsoft.sql_server', 'mssql']);
    expect(valueAliasesOf('db.system.name', 'toString')).toEqual(['toString']);
    expect(valueAliasesOf('other', 'mssql')).toEqual(['mssql']);
  });

  test.each([
    ['{ span.http.request.method = "GET" }', { 'http.method': 'GET' }],
    ['{ span.http.method = "GET" }', { 'http.request.method': 'GET' }],
    ['{ .http.status_code >= 500 }', { 'http.response.status_code': 503 }],
    ['{ .db.system = "mssql" }', { 'db.system.name': 'microsoft.sql_server' }],
    ['{ .http.method = "GET" }', { 'http.request.method': 'POST', 'http.method': 'GET' }],
  ])('%s finds a span with the other name', (text, attributes) => {
    const query = parseTraceql(text);
    if (!query.ok) throw new Error(query.error.message);
    expect(compileMatcher(query.value)(spanBatch([{ attributes }]), 0)).toBe(true);
  });
});
