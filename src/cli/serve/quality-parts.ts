import type { Logger } from 'pino';
import type { Settings } from '../../config/settings.js';
import { systemClock } from '../../lib/system-clock.js';
import { SlackApi } from '../../notify/slack-api.js';
import type { RuleBook } from '../../pipeline/fs-rule-book.js';
import type { Store } from '../../pipeline/store.js';
import type { Database } from '../../store/database.js';
import { ArchivedQualityReader } from '../../report/archived-quality-reader.js';
import { DuckdbQualityArchive } from '../../report/duckdb-quality-archive.js';
import { DuckdbQualityReader } from '../../report/duckdb-quality-reader.js';
import type { QualityReport } from '../../report/quality-report.js';
import { QualityReports } from '../../report/quality-reports.js';
import { QualityService } from '../../report/quality-service.js';
import { qualitySlackMessage } from '../../report/quality-slack.js';
import { startOfWeek, WEEK_MS } from '../../report/quality-week.js';
import { ownersOf } from '../report/quality-source.js';

export interface QualityPartsPorts {
  readonly settings: Settings;
  readonly store: Store;
  /** The store with the archive behind it. */
  readonly archived: Pick<Database, 'query'>;
  readonly log: Logger;
  readonly book: () => RuleBook;
  readonly publicUrl: () => string;
}

/** The trace-quality report in the service: hours kept beyond their spans, weekly, and told to Slack. */
export function qualityParts({ settings, store, archived, log, book, publicUrl }: QualityPartsPorts): { readonly service: QualityService; readonly announce: (report: QualityReport) => Promise<void> } {
  const live = new DuckdbQualityReader(archived);
  const archive = new DuckdbQualityArchive(store);
  const { pricePerMillionSpans } = settings.qualityReport;
  const reports = new QualityReports({
    reader: new ArchivedQualityReader(live, archive), clock: systemClock, hygiene: () => store.hygiene(), owners: () => ownersOf(book()), rules: () => book().quality,
    prices: pricePerMillionSpans === undefined ? undefined : { perMillionSpans: pricePerMillionSpans },
    earlier: ({ fromMs }, weeks) => archive.report(startOfWeek(fromMs) - weeks * WEEK_MS),
  });
  return { service: new QualityService({ reports, live, archive, clock: systemClock }), announce: (report) => announce(report, { settings, log, publicUrl }) };
}

async function announce(report: QualityReport, { settings, log, publicUrl }: Pick<QualityPartsPorts, 'settings' | 'log' | 'publicUrl'>): Promise<void> {
  const { slack: { token, apiUrl, channel }, qualityReport: { slackChannel } } = settings;
  const to = channel ?? slackChannel;
  if (slackChannel === undefined || to === undefined || token === undefined) return;
  const answer = await new SlackApi({ token, ...(apiUrl === undefined ? {} : { apiUrl }) }).call('chat.postMessage', { channel: to, unfurl_links: false, ...qualitySlackMessage(report, publicUrl()) });
  if (!answer.ok) log.warn({ failure: answer.failure }, 'the summary of the trace-quality report could not be sent to Slack');
}
