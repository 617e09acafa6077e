import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildLoaderOrSkip, compile } from '../support/agent-loader.js';

/** A PostgreSQL message: type, length, body. */
const message = (type: string, body: string): string => `${type}${lengthOf(body)}${body}`;
const lengthOf = (body: string): string => String.fromCharCode(0, 0, (body.length + 4) >> 8, (body.length + 4) & 0xff);
const startup = `\x00\x03\x00\x00user\x00shop\x00\x00`;

/** First bytes as the protocols' documents and real programs have them: [what, bytes, nomination]. */
const CALLS: readonly (readonly [string, string, string])[] = [
  ['GET of RFC 9112', 'GET /hello.txt HTTP/1.1\r\n', 'http1 request'],
  ['GET through a proxy', 'GET http://www.example.org/pub HTTP/1.1\r\n', 'http1 request'],
  ['POST', 'POST /orders HTTP/1.1\r\n', 'http1 request'],
  ['PUT', 'PUT /orders/1 HTTP/1.1\r\n', 'http1 request'],
  ['PATCH of RFC 5789', 'PATCH /file.txt HTTP/1.1\r\n', 'http1 request'],
  ['DELETE', 'DELETE /orders/1 HTTP/1.1\r\n', 'http1 request'],
  ['HEAD', 'HEAD / HTTP/1.1\r\n', 'http1 request'],
  ['OPTIONS of everything', 'OPTIONS * HTTP/1.1\r\n', 'http1 request'],
  ['PROPFIND of RFC 4918', 'PROPFIND /container/ HTTP/1.1\r\n', 'http1 request'],
  ['MKCOL', 'MKCOL /webdisc/xfiles/ HTTP/1.1\r\n', 'http1 request'],
  ['MOVE', 'MOVE /other/ HTTP/1.1\r\n', 'http1 request'],
  ['UNLOCK', 'UNLOCK /info.html HTTP/1.1\r\n', 'http1 request'],
  ['REPORT of RFC 3253', 'REPORT /workspace HTTP/1.1\r\n', 'http1 request'],
  ['SEARCH of RFC 5323', 'SEARCH / HTTP/1.1\r\n', 'http1 request'],
  ['CONNECT', 'CONNECT server.example.com:80 HTTP/1.1\r\n', 'http1 request'],
  ['a response', 'HTTP/1.1 200 OK\r\n', 'http1 response'],
  ['the preface of RFC 9113', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'http2 request'],
  ['a word that only begins like a method', 'GETTING started with', 'unknown'],
  ['an upload that begins with PUT and a word', 'PUT your hands up', 'unknown'],
  ['StartupMessage', lengthOf(startup) + startup, 'postgresql request'],
  ['SSLRequest', '\x00\x00\x00\x08\x04\xd2\x16\x2f', 'postgresql request'],
  ['CancelRequest', '\x00\x00\x00\x10\x04\xd2\x16\x2e\x00\x00\x12\x34\x00\x00\x56\x78', 'postgresql request'],
  ['a simple query', message('Q', 'select 1\x00'), 'postgresql request'],
  ['an extended query', message('P', '\x00select $1\x00\x00\x00') + message('B', '\x00\x00\x00\x00\x00\x01\x00\x00\x00\x011\x00\x00') + message('S', ''), 'postgresql request'],
  ['a prepared statement in the middle of a session', message('B', '\x00s1\x00\x00\x00\x00\x00\x00\x00') + message('E', '\x00\x00\x00\x00\x00') + message('S', ''), 'postgresql request'],
  ['a statement that goes on in the next call', 'Q\x00\x00\x10\x00select', 'postgresql request'],
  ['a length that cannot be', 'Q\x7f\x00\x10\x00select', 'unknown'],
  ['a message that ends where none begins', `${message('P', '\x00x\x00\x00\x00')}\x01\x02`, 'unknown'],
  ['SET', '*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n', 'redis request'],
  ['MSET of many', '*101\r\n$4\r\nMSET\r\n', 'redis request'],
  ['a command of twelve', '*12\r\n$5\r\nLPUSH\r\n', 'redis request'],
  ['a Markdown list', '*1 first\r\n*2 second', 'unknown'],
  ['ClientHello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'tls request'],
  ['ServerHello', '\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03', 'tls response'],
  ['a record header read alone', '\x16\x03\x01\x02\x00', 'tls'],
  ['application data', '\x17\x03\x03\x00\x45\x01\x02\x03\x04', 'tls'],
  ['a record longer than there can be', '\x17\x03\x03\xff\xff\x01\x02\x03', 'unknown'],
  ['an SSH banner', 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n', 'unknown'],
  ['a MySQL greeting', 'J\x00\x00\x00\x0a8.0.36\x00\x08\x00\x00\x00', 'unknown'],
  ['a Kafka request', '\x00\x00\x00\x23\x00\x12\x00\x03\x00\x00\x00\x01\x00\x07console', 'unknown'],
  ['an SMTP greeting', '220 mail.example.org ESMTP\r\n', 'unknown'],
  ['one byte', 'S', 'unknown'],
];

describe.skipIf(!buildLoaderOrSkip())('the kernel nominates a protocol', () => {
  let program: string;
  beforeAll(() => {
    program = compile('nominations');
  });

  test('by the first bytes of a call', () => {
    const input = CALLS.map(([, bytes]) => `${Buffer.from(bytes, 'latin1').toString('hex')}\n`).join('');
    const answers = execFileSync(program, { input, encoding: 'utf8' }).trimEnd().split('\n');
    expect(CALLS.map(([what], index) => [what, answers[index]])).toEqual(CALLS.map(([what, , nomination]) => [what, nomination]));
  });

  test('hardly ever by chance', () => {
    const seed = Date.now() % 1_000_000_000;
    process.stdout.write(`seed ${seed}\n`);
    const nominated = Number(execFileSync(program, ['random', String(seed), '1000000'], { encoding: 'utf8' }));
    expect(nominated).toBeLessThan(20);
  });
});
