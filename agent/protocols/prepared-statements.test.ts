import { expect, test } from 'vitest';
import { AgentBench } from '../../test/support/agent-bench.js';
import { dataFrame, openFrame, postgresMessage } from '../../test/support/frames.js';
import { hear, text, type Said } from '../../test/support/recorded-sessions.js';
import { MAX_STATEMENT_BYTES, MAX_STATEMENTS } from './limits.js';
import { postgres } from './postgres.js';
import type { SqlExchange } from './sql-exchange.js';

const sql = postgres({ statementBytes: 4_096, parameters: false });
const SYNC = postgresMessage('S', '');
const EXECUTED = postgresMessage('2', '') + postgresMessage('C', 'SELECT 1\0') + postgresMessage('Z', 'I');

const parse = (name: string, statement: string): string => postgresMessage('P', `${name}\0${statement}\0\0\0`);
const bind = (name: string): string => postgresMessage('B', `\0${name}\0\0\0\0\0\0\0`);
const EXECUTE = postgresMessage('E', '\0\0\0\0\0');
const run = (name: string): string => bind(name) + EXECUTE + SYNC;

const prepared = (name: string, statement: string): Said[] => [text('request', 1, parse(name, statement) + SYNC), text('response', 2, postgresMessage('1', '') + postgresMessage('Z', 'I'))];
const executed = (name: string): Said[] => [text('request', 3, run(name)), text('response', 4, EXECUTED)];
const preparedMany = (count: number, statement: string): Said[] => Array.from({ length: count }, (_, index) => prepared(`s${index}`, statement)).flat();

function statements(...said: Said[]): string[] {
  return hear(sql, said).ended.map((exchange) => exchange as SqlExchange).map(({ statement, isForgotten, command }) => (isForgotten ? `forgotten ${command ?? ''}` : statement));
}

test('of more prepared statements than are kept those that are used stay, and what is executed without being known says so', () => {
  expect(statements(
    ...prepared('kept', 'SELECT a FROM kept'), ...prepared('idle', 'SELECT a FROM idle'),
    ...preparedMany(MAX_STATEMENTS - 2, 'SELECT 1'), ...executed('kept'), ...prepared('last', 'SELECT a FROM last'),
    ...executed('kept'), ...executed('idle'), ...executed('last'), ...prepared('idle', 'SELECT b FROM idle'), ...executed('idle'),
  )).toEqual(['SELECT a FROM kept', 'SELECT a FROM kept', 'forgotten SELECT', 'SELECT a FROM last', 'SELECT b FROM idle']);
});

test('their texts are bounded as well', () => {
  const long = `SELECT ${'a, '.repeat(1_000)}b FROM orders`;
  expect(statements(...prepared('first', long), ...preparedMany(Math.ceil(MAX_STATEMENT_BYTES / long.length), long), ...executed('first'))).toEqual(['forgotten SELECT']);
});

test('what was prepared before the connection was seen is not known, and was not forgotten', () => {
  expect(statements(...executed('before'))).toEqual(['']);
});

test('where another statement without a name may have gone by unseen the one before is not taken for it', () => {
  const before = prepared('', 'SELECT a FROM before');
  const ended = text('response', 6, EXECUTED);
  expect(statements(...before, text('request', 5, '', 60), text('request', 5, run('')), ended)).toEqual(['']);
  const names = parse('', 'SELECT a FROM unseen').slice(0, 5);
  expect(statements(...before, text('request', 5, names, parse('', 'SELECT a FROM unseen').length - 5), text('request', 5, run('')), ended)).toEqual(['']);
});

test('of a name that is cut nothing is known', () => {
  const before = [...prepared('', 'SELECT a FROM before'), ...executed('')];
  const whole = postgresMessage('B', '\0named\0\0\0\0\0\0\0');
  expect(statements(...before, text('request', 5, whole.slice(0, 6), whole.length - 6), text('request', 5, EXECUTE + SYNC), text('response', 6, EXECUTED))).toEqual(['SELECT a FROM before', '']);
  const portal = postgresMessage('E', 'named\0\0\0\0\0');
  expect(statements(...before, text('request', 5, portal.slice(0, 5), portal.length - 5), text('request', 5, SYNC), text('response', 6, EXECUTED))).toEqual(['SELECT a FROM before', '']);
});

test('the span of a forgotten statement has neither its text nor a table, and is counted', () => {
  const at = { cookie: 1, tgid: 10, tid: 10, atNs: 1 };
  const bench = new AgentBench().push(openFrame(at, { role: 'client', local: '10.0.0.1:6666', remote: '10.0.0.2:5432' }));
  const position = { send: 0, receive: 0 };
  const say = ({ side, piece: { bytes } }: Said): void => {
    const direction = side === 'request' ? 'send' : 'receive';
    bench.push(dataFrame(at, { direction, position: position[direction], text: bytes.toString('latin1') }));
    position[direction] += bytes.length;
  };
  for (const said of [...prepared('first', 'SELECT a FROM orders'), ...preparedMany(MAX_STATEMENTS, 'SELECT 1'), ...executed('first'), ...executed('s1')]) say(said);
  const [forgotten, known] = bench.spans();
  expect([forgotten!.name, known!.name]).toEqual(['SELECT', 'SELECT']);
  expect([forgotten, known].map((span) => span?.told['db.query.text'])).toEqual([undefined, 'SELECT ?']);
  expect(forgotten!.told).not.toHaveProperty('db.collection.name');
  expect(bench.tracer.counters).toMatchObject({ spans: 2, statementLimit: 1 });
});
