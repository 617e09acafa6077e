import { afterAll, describe, expect, test, vi } from 'vitest';
import { CHECKOUT_SLO, disposeServices, newGround, runTocsin, sloOf } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 60_000 });

const BROKEN = {
  'rules/catalogue.yaml': sloOf({ name: 'catalogue-availability', service: 'catalogue', target: 99 }),
  'rules/checkout.yaml': CHECKOUT_SLO.replace('status = error', 'status = '),
  'rules/front.yaml': sloOf({ name: 'front-availability', service: 'front', target: 0.99 }),
  'rules/payment.yaml': sloOf({ name: 'payment-availability', service: 'payment', target: 0.99 }).replace('spec:\n  service', 'spec:\n  servce: x\n  service'),
  'rules/routing.yaml': 'route: { receiver: poeple }\nreceivers: [{ name: people }]\n',
  'runbooks/checkout-errors.md': '---\ntitle: Checkout\n---\n\n{% if %}\n',
};

interface Report {
  readonly problems: readonly Readonly<Record<string, unknown>>[];
  readonly slos: number;
  readonly runbooks: number;
}

describe('tocsin check', () => {
  test('says what it found fine', async () => {
    const ground = newGround();
    expect(await runTocsin(['check'], { ground })).toMatchObject({ code: 0, stdout: 'fine: 1 SLO, 1 runbook.\n', stderr: '' });
    const asJson = await runTocsin(['check', '--json'], { ground });
    expect(asJson).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(asJson.stdout)).toEqual({ problems: [], slos: 1, runbooks: 1 });
  });

  test('lists every problem of every file at once, with place, code and hint', async () => {
    const ground = newGround(BROKEN);
    const { code, stdout, stderr } = await runTocsin(['check', '.'], { ground });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    for (const expected of [
      /^rules\/catalogue\.yaml:18:46: error rules\/suspicious-target spec\.objectives\[0\]\.target: .*0\.99/m, /^rules\/checkout\.yaml:17:\d+: error sli\/bad-query/m,
      /^rules\/front\.yaml:6:\d+: error rules\/unknown-runbook/m, /^rules\/payment\.yaml:8:3: error rules\/unknown-key spec\.servce: .*did you mean "?service/m,
      /^rules\/routing\.yaml:1:20: error routing\/unknown-receiver/m, /^runbooks\/checkout-errors\.md:5:\d+: error runbooks\/template/m, /^\d+ errors, \d+ warnings?\.$/m,
    ]) expect(stderr).toMatch(expected);

    const asJson = await runTocsin(['check', '--json', '.'], { ground });
    expect(asJson.code).toBe(1);
    const { problems } = JSON.parse(asJson.stdout) as Report;
    expect(problems).toHaveLength(stderr.split('\n').filter((line) => /^\S+:\d+:\d+: /.test(line)).length);
    for (const problem of problems) expect(Object.keys(problem).sort()).toEqual(['code', 'column', 'file', 'hint', 'level', 'line', 'message', 'path']);
  });

  test('takes directories and files; of a file only its own problems are shown', async () => {
    const ground = newGround(BROKEN);
    const one = await runTocsin(['check', 'rules/routing.yaml'], { ground });
    expect(one.code).toBe(1);
    expect(one.stderr).toMatch(/^rules\/routing\.yaml:.*\n1 error, 0 warnings\.\n$/);
    const away = await runTocsin(['check', ground.rulesDir, ground.runbooksDir], { ground, cwd: '/' });
    expect(away.code).toBe(1);
    expect(away.stderr).toContain(`${ground.runbooksDir}/checkout-errors.md:5`);
    expect((await runTocsin(['check', 'nowhere'], { ground })).stderr).toMatch(/^nowhere:1:1: error files\/unreadable/m);
  });

  test('checks settings as well, and the rules even where the settings are wrong', async () => {
    const ground = newGround({ ...BROKEN, 'tocsin.yaml': 'http: { prt: 1 }\n' });
    const { code, stderr } = await runTocsin(['check'], { ground, env: { TOCSIN_EVALUATION_INTERVAL: 'soon' } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^environment:1:1: error settings\/invalid-value TOCSIN_EVALUATION_INTERVAL/m);
    expect(stderr).toMatch(/^tocsin\.yaml:1:9: error settings\/unknown-key http\.prt/m);
    expect(stderr).toContain('routing/unknown-receiver');
  });
});
