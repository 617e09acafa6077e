import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { FakeClock } from '../../src/lib/clock.js';
import { HOUR_MS, MINUTE_MS } from '../../src/lib/duration.js';
import { loadRuleBook } from '../../src/pipeline/fs-rule-book.js';
import { openStore } from '../../src/pipeline/system-store.js';
import { DuckdbUptime } from '../../src/store/duckdb-uptime.js';
import { requests, tracesJson } from '../support/otlp-json.js';
import { disposeServices, newGround, runTocsin, sloOf, startServiceProcess } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** Whole minutes, so that what is printed can be compared. */
const START = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 4 * HOUR_MS;
const END = START + 3 * HOUR_MS;
const iso = (timeMs: number): string => new Date(timeMs).toISOString();
/** Only the workbook's fastest tier: an incident that ends before the next one begins. */
const RULES = `${sloOf({ name: 'checkout-availability', service: 'checkout', target: 0.99 })}  alertPolicies: [{ alertPolicyRef: fast }]
---
apiVersion: tocsin.dev/v1
kind: BurnRatePolicy
metadata: { name: fast }
spec: { tiers: [{ severity: page, factor: 14.4, long: 1h, short: 5m }] }
`;
const ground = newGround({
  'rules/checkout.yaml': RULES,
  // Slow requests are bad too: a query that was never counted, so it is estimated from spans.
  'stricter/checkout.yaml': RULES.replace('{ status = error }', '{ status = error || duration > 100ms }'),
  'runbooks/checkout-errors.md': '---\ntitle: Checkout fails\n---\nLook.\n',
  'stricter/sub/README': 'x',
  'incidents.yaml': `incidents:\n  - { title: The bank is down, service: checkout, startedAt: ${iso(START + 30 * MINUTE_MS)}, endedAt: ${iso(START + 50 * MINUTE_MS)} }\n  - { title: Nobody saw it, startedAt: ${iso(START + 170 * MINUTE_MS)}, endedAt: ${iso(START + 175 * MINUTE_MS)} }\n`,
});
const RANGE = ['--from', iso(START), '--to', iso(END)];

/** Three hours that a service would have left behind: an outage of the bank after half an hour, slow requests after two hours. */
beforeAll(async () => {
  const { book } = await loadRuleBook(ground);
  const store = await openStore({ dataDir: ground.dataDir, clock: new FakeClock(END), slos: book?.slos ?? [], group: { maxWaitMs: 1, maxRows: 100_000 } });
  const uptime = new DuckdbUptime(store);
  for (let minute = 0; minute < 180; minute += 1) {
    const nowMs = START + minute * MINUTE_MS + 30_000;
    const failEvery = minute >= 30 && minute < 50 ? 2 : Infinity;
    const durationMs = minute >= 130 && minute < 150 ? 200 : 20;
    await store.absorb({ signal: 'traces', encoding: 'json', protocol: 'http', receivedAtMs: nowMs, body: Buffer.from(tracesJson(requests(minute * 30 + 1, 30, { endMs: nowMs - 1_000, failEvery, durationMs }))) });
    await uptime.record(Math.floor(nowMs / MINUTE_MS));
  }
  await store.close();
});

interface Result {
  readonly rules: string;
  readonly pages: number;
  readonly incidents: readonly { readonly pagedAt: string }[];
  readonly slos: readonly { readonly basis: string; readonly recountedSpans: number }[];
  readonly score: { readonly precision: number; readonly recall: number; readonly medianDetectionSeconds: number } | null;
}
interface Report {
  readonly source: string;
  readonly results: readonly Result[];
  readonly comparison: { readonly sentence: string } | null;
}

describe('tocsin backtest', () => {
  test('on the data directory: what the rules would have told, and how that fits what really happened', async () => {
    const { code, stdout, stderr } = await runTocsin(['backtest', ...RANGE, '--incidents', 'incidents.yaml'], { ground });
    // One labelled incident would have been missed: the answer is no.
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toContain('(3 h), minute by minute, from the data directory');
    expect(stdout).toMatch(/page {4}checkout-availability {2}for \d+ min/);
    expect(stdout).toContain('precision 100 % (1 of 1 page), recall 50 % (1 of 2 incidents)');
    expect(stdout).toContain('Nobody saw it: missed');
    expect(stdout).toContain('checkout-availability  exact: counts of that time; SLI at the end');
  });

  test('compares two rule sets, one of them with a query that was never counted', async () => {
    const { code, stdout } = await runTocsin(['backtest', '--rules', 'stricter', '--against', 'rules', ...RANGE, '--json'], { ground });
    expect(code).toBe(0);
    const { results, comparison } = JSON.parse(stdout) as Report;
    expect(results.map(({ rules, pages, slos }) => ({ rules, pages, slos }))).toMatchObject([
      { rules: 'stricter', pages: 2, slos: [{ basis: 'estimated', recountedSpans: 5_400 }] },
      { rules: 'rules', pages: 1, slos: [{ basis: 'exact', recountedSpans: 0 }] },
    ]);
    expect(comparison?.sentence).toBe('This change would have sent 1 page more (2 instead of 1), and the one that both send at the same time.');
    const markdown = (await runTocsin(['backtest', '--rules', 'stricter', '--against', 'rules', ...RANGE, '--markdown'], { ground })).stdout;
    expect(markdown).toMatch(/^### Backtest of the alert rules\n\n\*\*This change would have sent 1 page more/);
    expect(markdown).toMatch(/^\| new \| .* \| `checkout-availability` \| for /m);
  });

  test('over a running service, with the same answer', async () => {
    const words = ['backtest', '--rules', 'stricter', '--against', 'rules', ...RANGE, '--incidents', 'incidents.yaml', '--json'];
    const direct = JSON.parse((await runTocsin(words, { ground })).stdout) as Report;
    const service = startServiceProcess({ ground });
    const { http } = await service.ready;
    const { stdout, stderr } = await runTocsin([...words, '--server', http], { ground });
    expect(stderr).toBe('');
    const asked = JSON.parse(stdout) as Report;
    expect(asked.source).toBe(`the service at ${http}`);
    expect(asked.results).toEqual(direct.results);
    expect(asked.comparison).toEqual(direct.comparison);
    // Without its address the file is found locked, and the hint says what to do.
    const locked = await runTocsin(words, { ground });
    expect(locked).toMatchObject({ code: 2, stdout: '' });
    expect(locked.stderr).toContain('--server');
    expect((await service.stop()).code).toBe(0);
  });
});
