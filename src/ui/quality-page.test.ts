import { describe, expect, test } from 'vitest';
import { qualityReportOf } from '../../test/support/quality-fake.js';
import { HOUR_MS } from '../lib/duration.js';
import { qualityReportView } from '../report/quality-report-view.js';
import { PageRenderer } from './page-renderer.js';
import { qualityFileModel } from './quality-page.js';

const MONDAY = Date.parse('2026-11-16T00:00:00Z');
const WEEK = { fromMs: MONDAY, toMs: MONDAY + 168 * HOUR_MS };

/** The page of a report of this week that tells only a part of it. */
function pageOf(told: Partial<typeof WEEK>): string {
  const report = { ...qualityReportOf(WEEK, false, WEEK.toMs), window: { ...WEEK, ...told } };
  return new PageRenderer().render('quality-file', qualityFileModel(qualityReportView(report)));
}

test('the page says which versions of a service and its SDK came, newest first, with the spans of each where there are several', () => {
  const cellsOf = (service: string): string => new RegExp(`<h2 id="versions">[\\s\\S]*?<td class="name">${service}</td>([\\s\\S]*?)</tr>`).exec(pageOf({}))?.[1]?.replaceAll(/<[^>]*>/g, '|') ?? '';
  expect(cellsOf('front')).toMatch(/1\.10\.0 \(900\), 1\.9\.0 \(900\).*\|\|nodejs 2\.0\.0 \(20,000\), nodejs 1\.30\.0 \(20,000\)\|/);
  expect(cellsOf('payment')).toBe('|7f3c1ab||–|');
});

describe('a page that tells less than was asked for says so, under the name of what was asked for', () => {
  test('where the end is left out', () => {
    const page = pageOf({ toMs: WEEK.toMs - 5 * HOUR_MS });
    expect(page).toContain('<h1>Trace quality, week 2026-W47</h1>');
    expect(page).toContain('The time from 2026-11-22 19:00 UTC to 2026-11-23 00:00 UTC is left out: it has more spans than are read for a page.');
  });

  test('where only the last minutes are told', () => {
    expect(pageOf({ fromMs: WEEK.toMs - HOUR_MS / 4 })).toContain('Of the time from 2026-11-16 00:00 UTC to 2026-11-23 00:00 UTC only this is told: none of its hours is counted yet');
  });

  test('and not where all of it is told', () => {
    expect(pageOf({})).not.toMatch(/is left out|only this is told/);
  });
});
