import { unlinkSync } from 'node:fs';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { eventually } from '../support/eventually.js';
import { requests, sendTraces, tracesJson } from '../support/otlp-json.js';
import { disposeServices, newGround, sloOf, startServiceProcess } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 60_000 });

interface SloView {
  readonly name: string;
  readonly target: number;
  readonly state: string;
}

async function slosOf(http: string): Promise<readonly SloView[]> {
  return ((await (await fetch(`${http}/api/v1/slos`)).json()) as { readonly slos: readonly SloView[] }).slos;
}

async function reloads(http: string, outcome: string): Promise<number> {
  const text = await (await fetch(`${http}/metrics`)).text();
  return Number(new RegExp(`^tocsin_rules_reloads_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

async function ruleProblems(http: string): Promise<readonly string[]> {
  return ((await (await fetch(`${http}/readyz`)).json()) as { readonly ruleProblems: readonly string[] }).ruleProblems;
}

describe('rules that change while Tocsin runs', () => {
  test('take effect without a restart, and a removed one lets go of its incident', async () => {
    const ground = newGround();
    const service = startServiceProcess({ ground });
    const { http, otlpHttp } = await service.ready;
    ground.write('rules/payment.yaml', sloOf({ name: 'payment-availability', service: 'payment', target: 0.99 }).replace('payment-errors', 'checkout-errors'));
    await eventually(async () => expect((await slosOf(http)).map(({ name }) => name)).toEqual(['checkout-availability', 'payment-availability']));
    expect((await sendTraces(otlpHttp, tracesJson(requests(1, 200, { service: 'payment', failEvery: 2 })))).status).toBe(200);
    await eventually(async () => expect((await slosOf(http)).find(({ name }) => name === 'payment-availability')?.state).toBe('page'));

    ground.write('rules/payment.yaml', sloOf({ name: 'payment-availability', service: 'payment', target: 0.4 }).replace('payment-errors', 'checkout-errors'));
    await eventually(async () => expect((await slosOf(http)).find(({ name }) => name === 'payment-availability')?.target).toBe(0.4));

    unlinkSync(ground.path('rules/payment.yaml'));
    await eventually(async () => {
      expect((await slosOf(http)).map(({ name }) => name)).toEqual(['checkout-availability']);
      const { incidents } = (await (await fetch(`${http}/api/v1/incidents`)).json()) as { readonly incidents: readonly { readonly status: string }[] };
      expect(incidents.map(({ status }) => status)).toEqual(['resolved']);
    });
    await eventually(async () => expect(await reloads(http, 'taken')).toBe(3));
    expect((await service.stop()).code).toBe(0);
  });

  test('are refused when they are wrong: readyz, log and metric say so, and the last good ones go on paging', async () => {
    const ground = newGround();
    const service = startServiceProcess({ ground });
    const { http, otlpHttp } = await service.ready;
    ground.write('rules/typo.yaml', sloOf({ name: 'payment-availability', service: 'payment', target: 0.99 }).replace('objectives:', 'objectivs:'));
    await eventually(async () => expect((await ruleProblems(http)).join('\n')).toMatch(/typo\.yaml:\d+:\d+: error rules\/unknown-key spec\.objectivs.*did you mean/i));
    await eventually(async () => expect(await reloads(http, 'refused')).toBe(1));
    await eventually(() => expect(service.stderr()).toContain('the last good ones stay in force'));

    expect((await sendTraces(otlpHttp, tracesJson(requests(1, 200, { failEvery: 2 })))).status).toBe(200);
    await eventually(async () => expect(await slosOf(http)).toMatchObject([{ name: 'checkout-availability', state: 'page' }]));

    unlinkSync(ground.path('rules/typo.yaml'));
    await eventually(async () => expect(await ruleProblems(http)).toEqual([]));
    expect(await reloads(http, 'taken')).toBe(1);
    expect((await service.stop()).code).toBe(0);
  });
});
