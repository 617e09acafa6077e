import type { Logger } from 'pino';
import type { Settings } from '../../config/settings.js';
import { systemClock } from '../../lib/system-clock.js';
import { SlackApi } from '../../notify/slack-api.js';
import type { RuleBook } from '../../pipeline/fs-rule-book.js';
import type { Store } from '../../pipeline/store.js';
import { inTurns, type BackgroundTurns } from '../../store/background-turns.js';
import type { Database } from '../../store/database.js';
import { ArchivedQualityReader } from '../../report/archived-quality-reader.js';
import { DuckdbQualityArchive } from '../../report/duckdb-quality-archive.js';
import { DuckdbQualitySurroundings } from '../../report/duckdb-quality-surroundings.js';
import { DuckdbTraceReads } from '../../report/duckdb-trace-reads.js';
import { DuckdbQualityReader } from '../../report/duckdb-quality-reader.js';
import type { QualityAudit } from '../../report/quality-audit.js';
import { auditSlackMessage } from '../../report/quality-audit-slack.js';
import { QualityAudits } from '../../report/quality-audits.js';
import type { QualityReport } from '../../report/quality-report.js';
import { QualityReports } from '../../report/quality-reports.js';
import { QualityService } from '../../report/quality-service.js';
import { qualitySlackMessage } from '../../report/quality-slack.js';
import type { TrackedSignature } from '../../signature/tracked-signature.js';
import { ownersOf, weeksBefore } from '../report/quality-source.js';

export interface QualityPartsPorts {
  readonly settings: Settings;
  readonly store: Store;
  /** The store with the archive behind it. */
  readonly archived: Pick<Database, 'query'>;
  readonly turns: BackgroundTurns;
  readonly log: Logger;
  readonly book: () => RuleBook;
  readonly signatures: () => readonly TrackedSignature[];
  readonly publicUrl: () => string;
}

export interface QualityParts {
  readonly service: QualityService;
  readonly reads: DuckdbTraceReads;
  readonly announce: (report: QualityReport) => Promise<void>;
  readonly announceAudit: (audit: QualityAudit) => Promise<void>;
}

/** The trace-quality report in the service: hours kept beyond their spans, weekly, and told to Slack; and the audits. */
export function qualityParts(ports: QualityPartsPorts): QualityParts {
  const { settings, store, archived, book, publicUrl } = ports;
  const live = new DuckdbQualityReader(inTurns(archived, ports.turns));
  const archive = new DuckdbQualityArchive(store);
  const reader = new ArchivedQualityReader(live, archive);
  const reads = new DuckdbTraceReads(store, systemClock);
  const around = new DuckdbQualitySurroundings({ database: store, slos: () => book().slos, signatures: ports.signatures, reads });
  const { pricePerMillionSpans } = settings.qualityReport;
  const reports = new QualityReports({
    reader, clock: systemClock, hygiene: () => store.hygiene(), owners: () => ownersOf(book()), rules: () => book().quality,
    prices: pricePerMillionSpans === undefined ? undefined : { perMillionSpans: pricePerMillionSpans },
    around: (window) => around.of(window), ...weeksBefore(archive),
  });
  const audits = new QualityAudits({
    report: (window, asked) => reports.report(window, asked), reader, database: store, archive, clock: systemClock, hotRetentionMs: settings.hotRetentionMs, archiveMaxAgeMs: () => book().sampling.retention.maxAgeMs, pricePerMillionSpans,
  });
  return {
    reads, service: new QualityService({ reports, live, archive, audits, clock: systemClock }),
    announce: (report) => announce(qualitySlackMessage(report, publicUrl()), ports), announceAudit: (audit) => announce(auditSlackMessage(audit, publicUrl()), ports),
  };
}

async function announce(message: ReturnType<typeof qualitySlackMessage>, { settings, log }: Pick<QualityPartsPorts, 'settings' | 'log'>): Promise<void> {
  const { slack: { token, apiUrl, channel }, qualityReport: { slackChannel } } = settings;
  const to = channel ?? slackChannel;
  if (slackChannel === undefined || to === undefined || token === undefined) return;
  const answer = await new SlackApi({ token, ...(apiUrl === undefined ? {} : { apiUrl }) }).call('chat.postMessage', { channel: to, unfurl_links: false, ...message });
  if (!answer.ok) log.warn({ failure: answer.failure }, 'the summary of the trace-quality report could not be sent to Slack');
}
