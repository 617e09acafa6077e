import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { minuteOfEvents } from '../../src/budget/slo-builder.js';
import { backtestMarkdown } from '../../src/cli/backtest/backtest-markdown.js';
import { missed, reportJson, type BacktestReport } from '../../src/cli/backtest/backtest-report.js';
import { backtestText } from '../../src/cli/backtest/backtest-text.js';
import { readLabelledIncidents } from '../../src/cli/backtest/labelled-incidents.js';
import { HOUR_MS, MINUTE_MS } from '../../src/lib/duration.js';
import { backtest } from '../../src/pipeline/backtest.js';
import { compareResults, scoreOf, type LabelledIncident } from '../../src/pipeline/backtest-verdict.js';
import type { ReplayHistory } from '../../src/pipeline/replay-history.js';
import { availability, compiled, FAST_PAGE } from '../support/timeline-rules.js';
import { blocksOf, SLO } from './documents.js';

const FROM = Date.UTC(2026, 10, 20, 8);
const TO = FROM + 4 * HOUR_MS;
const START = FROM / MINUTE_MS;
const [RULES] = compiled([availability('checkout', { policy: FAST_PAGE })]);
const [PROPOSED] = compiled([availability('checkout', { policy: { ...FAST_PAGE, tiers: [{ severity: 'page', longMs: HOUR_MS / 2, shortMs: 5 * MINUTE_MS, factor: 100 }] } })]);

/** Sixty requests a minute; for twenty minutes from 9:00 on every fourth fails, and a few at 11:15. */
const history: ReplayHistory = {
  extent: ({ sliceKeys }) => Promise.resolve({ firstMinutes: new Map(sliceKeys.map((key) => [key, START])), firstSpanMinute: undefined, covered: [[START, START + 240]] }),
  slices: ({ fromMinute, toMinute }) => Promise.resolve(Array.from({ length: toMinute - fromMinute }, (_, index) => fromMinute + index).filter((minute) => minute >= START).map((minute) => {
    const offset = minute - START;
    const bad = offset >= 60 && offset < 80 ? 15 : offset === 195 ? 60 : 0;
    return { ...minuteOfEvents(minute, { good: 60 - bad, bad }), sliceKey: RULES!.sliceKey, arrivalMinute: minute };
  })),
  recount: () => Promise.resolve([]),
};

async function labelled(): Promise<LabelledIncident[]> {
  const directory = mkdtempSync(join(tmpdir(), 'tocsin-docs-'));
  try {
    writeFileSync(join(directory, 'incidents.yaml'), blocksOf(SLO).find(({ label }) => label === 'incidents.yaml')?.text ?? '');
    return await readLabelledIncidents(join(directory, 'incidents.yaml'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function report(): Promise<BacktestReport> {
  const results = await backtest({ history, ruleSets: [{ name: './proposed', slos: [PROPOSED!] }, { name: './rules', slos: [RULES!] }], fromMs: FROM, toMs: TO, imported: false });
  const incidents = await labelled();
  return {
    source: 'the data directory ./data', fromMs: FROM, toMs: TO, tookMs: 0, comparison: compareResults(results[0]!, results[1]!),
    results: results.map((result) => ({ result, score: scoreOf(result.incidents, incidents) })),
  };
}

test('a backtest prints what docs/slo.md shows', async () => {
  expect(`${backtestText(await report())}\n`).toBe(blocksOf(SLO).find(({ label }) => label === 'backtest')?.text);
});

test('for a pull request the conclusion comes first, and titles of others are no markup', async () => {
  const found = await report();
  const hostile = { ...found, results: found.results.map(({ result, score }) => ({ result, score: score === undefined ? undefined : { ...score, detections: score.detections.map((detection) => ({ ...detection, incident: { ...detection.incident, title: '</details> | **loud**' } })) } })) };
  const lines = backtestMarkdown(hostile).split('\n');
  expect(lines[0]).toBe('### Backtest of the alert rules');
  expect(lines[2]).toBe(`**${found.comparison?.sentence ?? ''}**`);
  expect(lines.filter((line) => line.includes('loud'))[0]).toContain('\\</details\\> \\| \\*\\*loud\\*\\*');
  expect(lines.filter((line) => line === '<details>')).toHaveLength(lines.filter((line) => line === '</details>').length);
});

test('programs get the same, and the answer is no while an incident is missed', async () => {
  const found = await report();
  expect(missed(found)).toBe(true);
  expect(reportJson(found)).toMatchObject({
    results: [{ rules: './proposed', score: { recall: 0.5 } }, { rules: './rules', slos: [{ name: 'checkout-availability', basis: 'exact' }] }],
    comparison: { sentence: found.comparison?.sentence },
  });
});
