import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AgentBench } from '../test/support/agent-bench.js';
import { dataFrame, openFrame } from '../test/support/frames.js';

const CLIENT = { cookie: 1, tgid: 10, tid: 10 };
const MARK = 'geheim';

type Command = readonly string[];

const array = (words: Command): string => `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
const inline = (words: Command): string => `${words.join(' ')}\r\n`;

/** All that is told of commands that were sent in one go, cut into pieces anywhere. */
function told(commands: readonly string[], { sanitizeQueries, cuts }: { readonly sanitizeQueries: boolean; readonly cuts: readonly number[] }): string {
  const text = [array(['PING']), ...commands].join('');
  const ends = [...new Set([...cuts.map((cut) => 20 + (cut % text.length)), text.length])].filter((end) => end <= text.length).sort((left, right) => left - right);
  const pieces = ends.map((end, index) => ({ position: ends[index - 1] ?? 0, text: text.slice(ends[index - 1] ?? 0, end) }));
  const bench = new AgentBench({ sanitizeQueries }).push(
    openFrame(CLIENT, { role: 'client', local: '10.0.0.1:5555', remote: '10.0.0.2:6379' }),
    ...pieces.map((piece, index) => dataFrame({ ...CLIENT, atNs: index }, { direction: 'send', ...piece })),
    dataFrame({ ...CLIENT, atNs: 1_000 }, { direction: 'receive', position: 0, text: `+PONG\r\n${`-ERR no ${MARK}\r\n`.repeat(commands.length)}` }),
  );
  const spans = bench.spans();
  expect(spans.length).toBeGreaterThan(0);
  return JSON.stringify(spans, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

const secret = fc.constantFrom(MARK, `${MARK}\r\n$3\r\nGET\r\n`, `*1\r\n$6\r\n${MARK}\r\n`, `redis.call('auth','${MARK}')`, `\u00ff${MARK}`, `"${MARK}"`, `${MARK}${'x'.repeat(5_000)}`);
const mixedCase = (word: string): fc.Arbitrary<string> => fc.constantFrom(word, word.toLowerCase(), word.charAt(0) + word.slice(1).toLowerCase());
const cuts = fc.array(fc.nat(), { maxLength: 6 });
const commandOf = (names: readonly Command[]): fc.Arbitrary<string> => fc.constantFrom(...names).chain((name) => fc.tuple(fc.tuple(...name.map(mixedCase)), fc.array(secret, { minLength: 1, maxLength: 4 })))
  .chain(([name, secrets]) => fc.constantFrom(array([...name, ...secrets]), inline([...name, MARK, `"${MARK}"`])));

const ANY: readonly Command[] = [['GET'], ['SET'], ['EVAL'], ['EVALSHA'], ['FCALL'], ['HSET'], ['XADD'], ['PUBLISH'], ['CLIENT', 'SETNAME'], ['FUNCTION', 'LOAD'], ['SCRIPT', 'LOAD'], ['NOSUCH'], [MARK]];
const SECRET: readonly Command[] = [
  ['AUTH'], ['AUTH', 'USER'], ['HELLO', '3', 'AUTH'], ['ACL', 'SETUSER'], ['ACL', 'GENPASS'], ['CONFIG', 'SET', 'REQUIREPASS'], ['MIGRATE', 'HOST', '6379', 'KEY', '0', '5000', 'AUTH2'],
  ['SENTINEL', 'SET', 'MAIN', 'AUTH-PASS'], ['SENTINEL', 'CONFIG', 'SET', 'SENTINEL-PASS'], ['MODULE', 'LOADEX', '/x.so', 'CONFIG', 'key'],
];

test('no argument of any command is told, however it is sent', () => {
  fc.assert(fc.property(fc.array(commandOf([...ANY, ...SECRET]), { minLength: 1, maxLength: 4 }), cuts, (commands, places) => {
    expect(told(commands, { sanitizeQueries: true, cuts: places })).not.toContain(MARK);
  }), { numRuns: 150 });
});

test('secrets are told by no setting', () => {
  fc.assert(fc.property(fc.array(commandOf(SECRET), { minLength: 1, maxLength: 4 }), cuts, (commands, places) => {
    expect(told(commands, { sanitizeQueries: false, cuts: places })).not.toContain(MARK);
  }), { numRuns: 150 });
});

test.each([true, false])('a word that is no command is not told, where arguments are removed (%s) or not', (sanitizeQueries) => {
  for (const text of [array([MARK]), array(['CONFIG', MARK]), array(['SENTINEL', MARK]), inline([MARK])]) expect(told([text], { sanitizeQueries, cuts: [] }).toLowerCase()).not.toContain(MARK);
});
