import { expect, test } from 'vitest';
import { callsItselfError, saidBy } from './structured-line.js';
import { learnStatements } from './log-statements.js';
import type { LogLine } from './traffic.js';

test.each<[string, string, boolean | undefined]>([
  ['ts=2026-11-27T10:00:00Z level=warn msg="cache is gone, reading the database" caller=main.go:11', 'cache is gone, reading the database', false],
  ['level=error msg=refused err="no route to host"', 'refused no route to host', true],
  ['{"level":"info","msg":"done","error":null}', 'done', false],
  ['{"severity":"ERROR","message":"no funds","error":"declined"}', 'no funds declined', true],
  ['{"level":30,"msg":"done"}', 'done', undefined],
  ['loaded 12 rows for user=7 tenant=acme', 'loaded 12 rows for user=7 tenant=acme', undefined],
  ['{broken', '{broken', undefined],
])('%s', (body, said, isError) => {
  expect([saidBy(body), callsItselfError(body)]).toEqual([said, isError]);
});

test('two messages of logfmt are two statements', () => {
  const line = (msg: string): LogLine => ({ traceId: '', spanId: '', timeNs: 0n, serviceName: 'cart', attributes: {}, severityNumber: 0, body: `ts=2026-11-27T10:00:00Z level=info msg="${msg}" caller=main.go:11` });
  const lines = [line('rows were loaded'), line('cache is gone')];
  const statements = learnStatements(lines);
  expect(statements.of(lines[0]!)).not.toEqual(statements.of(lines[1]!));
});
