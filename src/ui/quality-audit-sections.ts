import { formatPercent, formatSpan } from '../lib/format.js';
import type { QualityAuditView } from '../report/quality-audit-view.js';
import type { ReportSection } from './quality-sections.js';

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const share = (value: number | null): string => (value === null ? '–' : formatPercent(value, 1));
const money = (value: number | null): string => (value === null ? '–' : value.toFixed(2));
const bytes = (value: number | null): string => (value === null ? '–' : value >= 1e9 ? `${(value / 1e9).toFixed(1)} GB` : `${(value / 1e6).toFixed(1)} MB`);
const day = (instant: string | null): string => (instant === null ? '–' : `${instant.slice(0, 16).replace('T', ' ')} UTC`);

/** The tables of an audit. */
export function auditSections({ month, quarter }: QualityAuditView): ReportSection[] {
  return [...(month === null ? [] : [spenders(month), kept(month)]), ...(quarter === null ? [] : [services(quarter), blindSpots(quarter)])];
}

function spenders({ spenders: rows }: NonNullable<QualityAuditView['month']>): ReportSection {
  return {
    id: 'spenders', title: 'Who sends what', columns: ['Service', 'Spans', 'Share', 'Attributes', 'Cost'], nothing: 'Nobody sent spans.',
    rows: rows.map(({ service, spans, share: part, attributeBytes, cost }) => ({ name: service, cells: [whole(spans), share(part), bytes(attributeBytes), money(cost)] })),
  };
}

function kept({ stored, hotRetentionMs, archiveMaxAgeMs, keepsRetention }: NonNullable<QualityAuditView['month']>): ReportSection {
  return {
    id: 'kept', title: 'What is kept', columns: ['Where', 'Spans', 'Size', 'Oldest', 'Kept for'], nothing: '', note: keepsRetention ? 'Nothing is older than it may be.' : 'Older than the rules let it be: look at the log for why maintenance fails.',
    rows: [{ name: 'Database', cells: [whole(stored.hotSpans), '–', day(stored.oldestHot), formatSpan(hotRetentionMs)] }, { name: 'Archive', cells: [whole(stored.archivedSpans), bytes(stored.archivedBytes), day(stored.oldestArchived), formatSpan(archiveMaxAgeMs)] }],
  };
}

function services({ services: rows, coverage }: NonNullable<QualityAuditView['quarter']>): ReportSection {
  return {
    id: 'coverage', title: 'Services', words: [1, 3], columns: ['Service', 'Score', 'SDK', 'Logs in traces', 'Gaps'], nothing: 'No service sent spans.', note: `${share(coverage)} of all services, with those that send nothing, are without a gap.`,
    rows: rows.map(({ service, owner, score, sdkVersions, logCorrelation, gaps }) => ({ name: service, note: owner ?? 'no owner', cells: [score === null ? '–' : score.toFixed(1), sdkVersions.join(', ') || '–', share(logCorrelation), gaps.join(', ') || 'none'] })),
  };
}

function blindSpots({ blindSpots: rows }: NonNullable<QualityAuditView['quarter']>): ReportSection {
  return { id: 'blind-spots', title: 'Called, and without spans of their own', words: [0], columns: ['Name', 'Called by'], nothing: 'Everything that is called has spans.', rows: rows.map(({ name, callers }) => ({ name, cells: [callers.join(', ')] })) };
}
