import { createHash } from 'node:crypto';
import { afterAll, expect, test, vi } from 'vitest';
import { startSlackStandIn } from '../../src/notify/stand-in/http-slack-stand-in.js';
import { API_SCHEMAS } from '../../src/query/openapi.js';
import { startOfWeek, WEEK_MS, weekOf } from '../../src/report/quality-week.js';
import { openDatabase } from '../../src/store/duckdb-database.js';
import { eventually } from '../support/eventually.js';
import { sendTraces, spanIdOf, traceIdOf } from '../support/otlp-json.js';
import { disposeServices, newGround, startServiceProcess } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 240_000 });

const hash = (secret: string): string => `sha256:${createHash('sha256').update(secret).digest('hex')}`;
const TOKENS = `tokens:\n${(['loader ingest', 'grafana viewer', 'marta viewer'] as const).map((each) => each.split(' ')).map(([name = '', role = '']) => `  - { name: ${name}, role: ${role}, hash: '${hash(name)}' }\n`).join('')}`;
const RULES = 'apiVersion: tocsin.dev/v1\nkind: TraceQuality\nmetadata: { name: quality }\nspec:\n  owners: { \'*\': platform }\n  glossary: { attributes: [], prefixes: [shop.] }\n';
const bearer = (name: string): Record<string, string> => ({ authorization: `Bearer ${name}` });
const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
const TRACES = 60;
/** Read so often, and written down as twenty times as much: a thousand reads take as long as all the rest. */
const READS = 50;
const FOLD = 20;

/** gateway keeps half of its traces, cart says a quarter; and cart writes an attribute that nobody has agreed on. */
function conflictingWeights(fromMs: number): string {
  const each = <T>(make: (index: number, startMs: number) => T): T[] => Array.from({ length: TRACES }, (_, index) => make(index, fromMs + index * 1_000));
  const span = ({ index, startMs, part, threshold }: { index: number; startMs: number; part: number; threshold: string }): Record<string, unknown> => ({
    traceId: traceIdOf(index + 1), spanId: spanIdOf(index * 4 + part), name: 'GET /items', traceState: `ot=th:${threshold};rv:ffffffffffffff`, startTimeUnixNano: `${startMs + part}000000`, endTimeUnixNano: `${startMs + 50 - part}000000`,
  });
  const ofService = (service: string, spans: readonly unknown[]): unknown => ({ resource: { attributes: [text('service.name', service)] }, scopeSpans: [{ spans }] });
  return JSON.stringify({ resourceSpans: [
    ofService('gateway', each((index, startMs) => [{ ...span({ index, startMs, part: 1, threshold: '8' }), kind: 2 }, { ...span({ index, startMs, part: 2, threshold: '8' }), kind: 3, parentSpanId: spanIdOf(index * 4 + 1) }]).flat()),
    ofService('cart', each((index, startMs) => ({ ...span({ index, startMs, part: 3, threshold: 'c' }), kind: 2, parentSpanId: spanIdOf(index * 4 + 2), attributes: [text('custmer_tier', 'gold'), text('shop.region', 'eu')] }))),
  ] });
}

test('the week\'s report names who was refused and who read unusually much, attributes nobody agreed on, and samplers that disagree: in JSON, page, file and Slack', async () => {
  const lastWeek = startOfWeek(Date.now()) - WEEK_MS;
  const week = weekOf(lastWeek);
  const slack = await startSlackStandIn({ token: 'xoxb-test' });
  const ground = newGround({ 'tokens.yaml': TOKENS, 'rules/quality.yaml': RULES });
  const env = {
    TOCSIN_TOKENS_FILE: ground.path('tokens.yaml'), TOCSIN_HOT_RETENTION: '15d', TOCSIN_SLACK_TOKEN: 'xoxb-test', TOCSIN_SLACK_API_URL: slack.apiUrl, TOCSIN_QUALITY_REPORT_SLACK_CHANNEL: '#traces',
    TOCSIN_QUALITY_REPORT_DAY: 'monday', TOCSIN_QUALITY_REPORT_HOUR: '0',
  };
  // Reads of this week become those of the last: only its clock keeps a service from having been read then.
  const first = startServiceProcess({ ground, env: { ...env, TOCSIN_QUALITY_REPORT_SLACK_CHANNEL: '' } });
  const { http, otlpHttp } = await first.ready;
  expect((await sendTraces(otlpHttp, conflictingWeights(lastWeek + 50 * 3_600_000), bearer('loader'))).status).toBe(200);
  const read = async (headers: Record<string, string>): Promise<number> => (await fetch(`${http}/api/v1/traces/${traceIdOf(1)}`, { headers })).status;
  for (let times = 0; times < 12; times += 1) expect(await read(bearer('stolen'))).toBe(401);
  expect(await read(bearer('marta'))).toBe(200);
  expect(new Set(await Promise.all(Array.from({ length: READS }, () => read(bearer('grafana')))))).toEqual(new Set([200]));
  await first.stop();
  const database = await openDatabase(`${ground.dataDir}/tocsin.duckdb`);
  await database.transaction([{ sql: 'UPDATE trace_reads SET hour_ms = hour_ms - $week_ms', params: { week_ms: WEEK_MS } }, { sql: "UPDATE trace_reads SET n = n * $fold WHERE reader = 'grafana'", params: { fold: FOLD } }, { sql: 'DELETE FROM quality_reports' }, { sql: 'DELETE FROM quality_audits' }]);
  await database.close();

  const second = await startServiceProcess({ ground, env }).ready;
  const get = async (path: string): Promise<string> => (await fetch(`${second.http}${path}`, { headers: bearer('marta') })).text();
  const found = API_SCHEMAS.Quality.parse(JSON.parse(await get(`/api/v1/quality?week=${week}`))).findings;
  expect(found.map(({ kind, service }) => [kind, service])).toEqual(expect.arrayContaining([['refused-access', ''], ['unusual-access', ''], ['outside-glossary', 'cart'], ['mixed-weights', 'gateway']]));
  const titles = [/^Traces were refused 12 times: .*127\.0\.0\.1$/, /^grafana read traces 1,000 times, and never before$/, /^cart uses 1 attribute that is not in the glossary$/, /^Samplers disagree within traces that begin at gateway$/];
  for (const title of titles) expect(found.map((finding) => finding.title)).toContainEqual(expect.stringMatching(title));
  expect(found.find(({ kind }) => kind === 'outside-glossary')).toMatchObject({ detail: expect.stringMatching(/^custmer_tier\. /) as string, owner: 'platform' });
  expect(found.find(({ kind }) => kind === 'unusual-access')?.fix.text).toContain('name: grafana');
  expect(JSON.stringify(found)).not.toContain('marta');
  for (const path of ['/quality', '/quality/file']) {
    const html = await get(`${path}?week=${week}`);
    for (const { title } of found) expect(html, path).toContain(title);
  }
  const message = await eventually(() => {
    const summary = slack.messages().find(({ text: words }) => words.startsWith('Trace quality'));
    if (summary === undefined) throw new Error('no summary yet');
    return summary;
  }, { withinMs: 120_000 });
  expect(message.text).toContain(`week ${week}`);
  const words = JSON.stringify(message.blocks);
  for (const { title } of found.slice(0, 3)) expect(words).toContain(title);
  await slack.close();
  if (process.env['TOCSIN_SHOW'] !== undefined) console.log(JSON.stringify(found, null, 1), message.text, message.blocks.map((block) => (block as { text?: { text: string } }).text?.text).join('\n---\n'));
});
