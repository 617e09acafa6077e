import { describe, expect, test } from 'vitest';
import type { AttributeValue } from './attribute.js';
import { spanBatch } from './batch-builder.js';
import { aliasesOf, canonicalKey, renamesOn, valueAliasesOf } from './semantic-conventions.js';
import { compileMatcher } from './traceql/matcher.js';
import { parseTraceql } from './traceql/parser.js';

describe('semantic conventions', () => {
  test('an old name has a new one, a new or unknown name is its own', () => {
    expect(['http.method', 'http.request.method', 'my.key'].map((key) => canonicalKey(key))).toEqual(['http.request.method', 'http.request.method', 'my.key']);
  });

  test('a new name stands for all its old ones, an old one for the new one only', () => {
    expect(aliasesOf('db.namespace')).toEqual(['db.namespace', 'db.name', 'db.elasticsearch.cluster.name']);
    expect(aliasesOf('db.name')).toEqual(['db.name', 'db.namespace']);
    expect(aliasesOf('toString')).toEqual(['toString']);
  });

  test('what the peer and the host are depends on whose span it is', () => {
    expect((['server', 'client', 'none'] as const).map((side) => canonicalKey('net.peer.name', side))).toEqual(['client.address', 'server.address', 'net.peer.name']);
    expect((['server', 'client', 'none'] as const).map((side) => canonicalKey('net.host.port', side))).toEqual(['server.port', 'net.host.port', 'net.host.port']);
    expect(aliasesOf('server.address', 'server')).toEqual(['server.address', 'net.host.name', 'http.server_name']);
    expect(aliasesOf('server.address', 'client')).toEqual(['server.address', 'net.peer.name']);
  });

  test('a name whose values changed their type has no other name', () => {
    expect(aliasesOf('rpc.grpc.status_code')).toEqual(['rpc.grpc.status_code']);
    expect(aliasesOf('rpc.status_code')).toEqual(['rpc.status_code', 'rpc.response.status_code', 'rpc.connect_rpc.error_code']);
  });

  test('no new name is an old one', () => {
    for (const side of ['server', 'client', 'none'] as const) {
      for (const newName of renamesOn(side).values()) expect(canonicalKey(newName, side)).toBe(newName);
    }
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
    ['{ span.http.target = "/a?b=1" }', { 'url.path': '/a', 'url.query': 'b=1' }],
    ['{ span.http.target =~ "/a.*" }', { 'url.path': '/a' }],
    ['{ span.rpc.grpc.status_code = 14 }', { 'rpc.status_code': 'UNAVAILABLE' }],
    ['{ span.rpc.grpc.status_code != 0 }', { 'rpc.status_code': 'INTERNAL' }],
    ['{ span.rpc.service = "shop.Cart" && span.rpc.method = "Get" }', { 'rpc.method': 'shop.Cart/Get' }],
    ['{ span.rpc.method =~ "Get|Put" }', { 'rpc.method': 'shop.Cart/Get' }],
    ['{ span.db.redis.database_index = 3 }', { 'db.namespace': '3' }],
    ['{ span.db.system =~ "mssql|mysql" }', { 'db.system.name': 'microsoft.sql_server' }],
    ['{ span.messaging.operation = "publish" }', { 'messaging.operation.type': 'send' }],
    ['{ span.net.peer.name = "10.0.0.7" }', { 'client.address': '10.0.0.7', 'server.address': 'shop' }],
    ['{ span.net.host.name = "shop" }', { 'client.address': '10.0.0.7', 'server.address': 'shop' }],
  ])('%s finds a span with the other name', (text, attributes) => {
    expect(matches(text, attributes)).toBe(true);
  });

  test.each([
    ['{ span.rpc.method != "Get" }', { 'rpc.method': 'shop.Cart/Get' }],
    ['{ span.rpc.method !~ "G.*" }', { 'rpc.method': 'shop.Cart/Get' }],
    ['{ span.db.system != "mssql" }', { 'db.system.name': 'microsoft.sql_server' }],
    ['{ span.db.system !~ "mssql" }', { 'db.system.name': 'microsoft.sql_server' }],
    ['{ span.http.target = "/a" }', { 'url.path': '/a', 'url.query': 'b=1' }],
    ['{ span.rpc.service != nil }', { 'rpc.method': 'Get' }],
    ['{ span.rpc.grpc.status_code != nil }', { 'rpc.status_code': 'teapot' }],
    ['{ span.db.redis.database_index != nil }', { 'db.namespace': 'shop' }],
  ])('%s does not find it', (text, attributes) => {
    expect(matches(text, attributes)).toBe(false);
  });
});

function matches(text: string, attributes: Readonly<Record<string, AttributeValue>>): boolean {
  const query = parseTraceql(text);
  if (!query.ok) throw new Error(query.error.message);
  return compileMatcher(query.value)(spanBatch([{ attributes }]), 0);
}
