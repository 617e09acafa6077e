import type { QualityAudit } from './quality-audit.js';
import { mrkdwnSection, slackEscaped } from './quality-slack.js';
import { percent, whole } from './words.js';

const NAMED = 5;

/** The summary of an audit as `chat.postMessage` takes it: one screen. */
export function auditSlackMessage(audit: QualityAudit, publicUrl: string): { readonly text: string; readonly blocks: readonly unknown[] } {
  const { kind, name } = audit.period;
  const text = `${kind === 'month' ? 'Cost and retention of traces' : 'Instrumentation coverage'}, ${name}`;
  return {
    text,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text } }, ...linesOf(audit).map((line) => mrkdwnSection(slackEscaped(line))),
      { type: 'context', elements: [{ type: 'mrkdwn', text: `<${publicUrl}/quality/${kind}?period=${name}|The whole audit>` }] },
    ],
  };
}

/** An audit in a few sentences. */
export function linesOf({ month, quarter }: QualityAudit): string[] {
  if (month !== undefined) {
    const { spans, spansBefore, cost, forecast, spenders, keepsRetention } = month;
    return [
      `${whole(spans)} spans${spansBefore === undefined ? '' : `, ${spans >= spansBefore ? `${percent(spans - spansBefore, spansBefore)} more` : `${percent(spansBefore - spans, spansBefore)} fewer`} than in the month before`}.${cost === undefined ? ' Set qualityReport.pricePerMillionSpans to see what they cost.' : ` They cost ${cost.toFixed(2)}${forecast === undefined ? '' : `; at this growth the next month costs ${forecast.toFixed(2)}`}.`}`,
      spenders.length === 0 ? 'Nobody sent spans.' : `Most came from ${spenders.slice(0, NAMED).map(({ service, share }) => `${service} (${percent(share, 1)})`).join(', ')}.`,
      keepsRetention ? 'Retention is as the rules say.' : 'Traces are older than the rules let them be: look at the log for why maintenance fails.',
    ];
  }
  if (quarter === undefined) return [];
  const { coverage, services, blindSpots } = quarter;
  const gaps = services.filter((service) => service.gaps.length > 0);
  return [
    coverage === undefined ? 'No service sent spans.' : `${percent(coverage, 1)} of ${services.length + blindSpots.length} services are instrumented without a gap.`,
    ...(gaps.length === 0 ? [] : [`With gaps: ${gaps.slice(0, NAMED).map((each) => `${each.service} (${each.gaps.join(', ')})`).join('; ')}${gaps.length > NAMED ? ` and ${gaps.length - NAMED} more` : ''}.`]),
    ...(blindSpots.length === 0 ? [] : [`Called, and without spans of their own: ${blindSpots.slice(0, NAMED).map((each) => each.name).join(', ')}${blindSpots.length > NAMED ? ` and ${blindSpots.length - NAMED} more` : ''}.`]),
  ];
}
