import { describe, expect, test } from 'vitest';
import { formatProblem } from '../lib/problem.js';
import { err, ok } from '../lib/result.js';
import { readSettings, type LoadedSettings } from './read-settings.js';
import { publicUrlOf, type Settings } from './settings.js';

const read = (text: string | undefined, environment: Record<string, string> = {}): LoadedSettings => readSettings({
  file: text === undefined ? undefined : { path: 'tocsin.yaml', text },
  environment,
  readSecret: (path) => (path === 'slack.token' ? ok('xoxb-from-file\n') : err('it does not exist')),
});
const settingsOf = (loaded: LoadedSettings): Settings => {
  expect(loaded.problems.map(formatProblem)).toEqual([]);
  if (loaded.settings === undefined) throw new Error('no settings');
  return loaded.settings;
};
const codes = (loaded: LoadedSettings): string[] => loaded.problems.map(({ at, code, path }) => `${at.file}:${at.line}:${at.column} ${code} ${path}`);

describe('defaults', () => {
  test('without a file and environment everything is on loopback', () => {
    const settings = settingsOf(read(undefined));
    expect(settings.http).toEqual({ host: '127.0.0.1', port: 4400 });
    expect(settings.otlp).toEqual({ host: '127.0.0.1', grpcPort: 4317, httpPort: 4318, senderShare: 0.5 });
    expect([settings.dataDir, settings.rulesDir, settings.runbooksDir]).toEqual(['./data', './rules', './runbooks']);
    expect([settings.evaluationIntervalMs, settings.hotRetentionMs]).toEqual([5_000, 21_600_000]);
    expect(publicUrlOf(settings)).toBe('http://127.0.0.1:4400');
    expect(publicUrlOf(settings, 51234)).toBe('http://127.0.0.1:51234');
  });

  test('an empty file is a file without settings', () => {
    expect(settingsOf(read('# nothing yet\n')).http.port).toBe(4400);
  });

  test('are frozen all the way down', () => {
    const settings = settingsOf(read(undefined));
    expect(Object.isFrozen(settings) && Object.isFrozen(settings.slack)).toBe(true);
  });
});

describe('the environment', () => {
  test('wins over the file, key by key; an empty variable counts as not set', () => {
    const settings = settingsOf(read('http: { host: localhost, port: 1 }\nevaluationInterval: 10s\n', { TOCSIN_HTTP_PORT: '0', TOCSIN_EVALUATION_INTERVAL: '', TOCSIN_LOG_LEVEL: 'debug' }));
    expect(settings.http).toEqual({ host: 'localhost', port: 0 });
    expect(settings.evaluationIntervalMs).toBe(10_000);
    expect(settings.logLevel).toBe('debug');
  });

  test('a price may have a fraction in a variable, and a port may not', () => {
    expect(settingsOf(read(undefined, { TOCSIN_QUALITY_REPORT_PRICE: '0.3' })).qualityReport.pricePerMillionSpans).toBe(0.3);
    expect(codes(read(undefined, { TOCSIN_HTTP_PORT: '80.5' }))).toHaveLength(1);
  });

  test('every wrong variable is named at once', () => {
    const loaded = read(undefined, { TOCSIN_HTTP_PORT: 'eighty', TOCSIN_OTLP_GRPC_PORT: '70000', TOCSIN_EVALUATION_INTERVAL: '5', TOCSIN_STORE: 'duckdv', TOCSIN_BEHIND_PROXY: 'yes' });
    expect(loaded.settings).toBeUndefined();
    expect(codes(loaded).map((code) => code.split(' ').at(-1)).sort()).toEqual(['TOCSIN_BEHIND_PROXY', 'TOCSIN_EVALUATION_INTERVAL', 'TOCSIN_HTTP_PORT', 'TOCSIN_OTLP_GRPC_PORT', 'TOCSIN_STORE']);
    expect(loaded.problems.find(({ path }) => path === 'TOCSIN_STORE')?.hint).toBe('did you mean "duckdb"?');
  });

  test('a share is a percentage', () => {
    expect(settingsOf(read('otlp: { senderShare: 25% }\n')).otlp.senderShare).toBe(0.25);
    expect(settingsOf(read(undefined, { TOCSIN_OTLP_SENDER_SHARE: '100%' })).otlp.senderShare).toBe(1);
    for (const wrong of ['0%', '101%', '0.5', 'half']) expect(read(undefined, { TOCSIN_OTLP_SENDER_SHARE: wrong }).problems.map(({ message }) => message)).toEqual([`"${wrong}" is not a percentage from 1% to 100%`]);
  });

  test('a misspelt variable is an error with the right name; what Kubernetes sets is not', () => {
    const loaded = read(undefined, { TOCSIN_HTPP_PORT: '1', TOCSIN_SERVICE_HOST: '10.0.0.1', TOCSIN_PORT: 'tcp://10.0.0.1:4318', TOCSIN_PORT_4318_TCP_ADDR: '10.0.0.1', TOCSIN_UI_SERVICE_PORT_HTTP: '80', TOCSIN_TEST_REQUIRE: 'all' });
    expect(codes(loaded)).toEqual(['environment:1:1 settings/unknown-key TOCSIN_HTPP_PORT']);
    expect(loaded.problems[0]?.hint).toBe('did you mean TOCSIN_HTTP_PORT?');
  });

  test('what this version cannot do is refused', () => {
    const loaded = read('store: clickhouse\n', { TOCSIN_REDIS_URL: 'redis://127.0.0.1', TOCSIN_ARCHIVE_URL: 'ftp://host' });
    expect(loaded.problems.map(({ code, path }) => `${code} ${path}`)).toEqual(['settings/invalid-value TOCSIN_ARCHIVE_URL', 'settings/not-supported-yet TOCSIN_REDIS_URL', 'settings/not-supported-yet store']);
  });

  test('a collector in OTEL_EXPORTER_OTLP_ENDPOINT turns self-tracing on', () => {
    expect(settingsOf(read(undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })).selfTracingEndpoint).toBe('http://127.0.0.1:9');
    expect(settingsOf(read(undefined)).selfTracingEndpoint).toBeUndefined();
  });
});

describe('the file', () => {
  test('every problem has its line and column', () => {
    const loaded = read('http:\n  prt: 4400\n  host: [a]\nevaluationInterval: 5\nlogLevel: loud\n');
    expect(codes(loaded)).toEqual([
      'tocsin.yaml:2:3 settings/unknown-key http.prt',
      'tocsin.yaml:3:9 settings/wrong-type http.host',
      'tocsin.yaml:4:21 settings/wrong-type evaluationInterval',
      'tocsin.yaml:5:11 settings/invalid-value logLevel',
    ]);
    expect(loaded.problems[0]?.hint).toBe('did you mean "port"?');
  });

  test('YAML that cannot be read, or is no mapping, is one problem', () => {
    expect(codes(read('http: [\n'))[0]).toContain('yaml/syntax');
    expect(codes(read('- a\n'))).toEqual(['tocsin.yaml:1:1 settings/wrong-type ']);
    expect(codes(read('a: 1\n---\nb: 1\n')).some((code) => code.startsWith('tocsin.yaml:3:1 settings/invalid-value'))).toBe(true);
  });

  test('links lose their last slash, the Slack address gains one', () => {
    const settings = settingsOf(read('publicUrl: https://tocsin.example.com/\nslack: { apiUrl: "http://127.0.0.1:9/api" }\n'));
    expect([publicUrlOf(settings), settings.slack.apiUrl]).toEqual(['https://tocsin.example.com', 'http://127.0.0.1:9/api/']);
  });
});

describe('secrets', () => {
  test('come from the environment or a file', () => {
    expect(settingsOf(read('slack: { tokenFile: slack.token }\n')).slack.token).toBe('xoxb-from-file');
    expect(settingsOf(read('slack: { tokenFile: slack.token }\n', { TOCSIN_SLACK_TOKEN: 'xoxb-env' })).slack.token).toBe('xoxb-env');
  });

  test('must not be written into the file, and are not repeated in the message', () => {
    const loaded = read('slack:\n  token: xoxb-secret\n');
    expect(codes(loaded)).toEqual(['tocsin.yaml:2:10 settings/inline-secret slack.token']);
    expect(JSON.stringify(loaded)).not.toContain('xoxb-secret');
    expect(JSON.stringify(read(undefined, { TOCSIN_SLACK_TOKEN: 'two words' }).problems)).not.toContain('two words');
  });

  test('a file that cannot be read is a problem at the line that names it', () => {
    expect(codes(read('slack: { signingSecretFile: gone }\n'))).toEqual(['tocsin.yaml:1:29 files/unreadable slack.signingSecretFile']);
  });
});

describe('access from the network', () => {
  test('needs TLS or a proxy, and tokens; the message says what to set', () => {
    const loaded = read('http: { host: 0.0.0.0 }\npublicUrl: https://x.example\n', { TOCSIN_OTLP_HOST: '::' });
    expect(codes(loaded)).toEqual(['environment:1:1 settings/open-to-the-network TOCSIN_OTLP_HOST', 'tocsin.yaml:1:15 settings/open-to-the-network http.host']);
    expect(loaded.problems[0]?.message).toContain('TOCSIN_TLS_CERT_FILE');
    expect(loaded.problems[0]?.message).toContain('TOCSIN_TOKENS_FILE');
  });

  test.each([
    ['TLS and tokens', { TOCSIN_TLS_CERT_FILE: 'c', TOCSIN_TLS_KEY_FILE: 'k', TOCSIN_TOKENS_FILE: 't' }, []],
    ['a proxy and tokens', { TOCSIN_BEHIND_PROXY: 'true', TOCSIN_TOKENS_FILE: 't' }, []],
    ['tokens only', { TOCSIN_TOKENS_FILE: 't' }, ['settings/open-to-the-network']],
    ['TLS only', { TOCSIN_TLS_CERT_FILE: 'c', TOCSIN_TLS_KEY_FILE: 'k' }, ['settings/open-to-the-network']],
    ['half of TLS', { TOCSIN_TLS_CERT_FILE: 'c', TOCSIN_TOKENS_FILE: 't' }, ['settings/missing-key', 'settings/open-to-the-network']],
  ])('with %s', (_, environment, expected) => {
    const loaded = read('publicUrl: https://x.example\n', { TOCSIN_HTTP_HOST: '10.1.2.3', ...environment });
    expect(loaded.problems.map(({ code }) => code).sort()).toEqual(expected);
  });

  test.each(['localhost', '127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])('%s is loopback', (host) => {
    settingsOf(read(undefined, { TOCSIN_HTTP_HOST: host }));
  });

  test.each(['127.0.0.1.example.com', '0.0.0.0', '128.0.0.1', 'localhost.example'])('%s is not', (host) => {
    expect(read(undefined, { TOCSIN_HTTP_HOST: host }).settings).toBeUndefined();
  });

  test('without a public address a warning says where links would lead', () => {
    const loaded = read(undefined, { TOCSIN_HTTP_HOST: '0.0.0.0', TOCSIN_BEHIND_PROXY: 'true', TOCSIN_TOKENS_FILE: 't' });
    expect(loaded.settings).toBeDefined();
    expect(loaded.problems.map(({ code, level }) => `${level} ${code}`)).toEqual(['warning settings/public-url-missing']);
  });
});
