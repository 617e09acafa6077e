import type { Alert } from './incident.js';

/** Name of the alerts that the watch over the quality of the traces gives. */
export const QUALITY_ALERT = 'TraceQuality';

/** What such an alert says of itself, for people. */
export interface QualityAlertDetail {
  readonly words: string;
  readonly cause: string;
  readonly fixIn: string;
  readonly fix: string;
  readonly traces: readonly { readonly traceId: string; readonly spanId: string }[];
}

/** Undefined for alerts of other kinds. */
export function qualityAlertDetail({ labels, annotations }: Alert): QualityAlertDetail | undefined {
  if (labels['alertname'] !== QUALITY_ALERT || annotations['fix'] === undefined) return undefined;
  const { summary = '', cause = '', fix_in: fixIn = '', fix, traces = '' } = annotations;
  const spans = traces.split(' ').filter((text) => text !== '').map((text) => ({ traceId: text.split('/')[0] ?? '', spanId: text.split('/')[1] ?? '' }));
  // Several spans of one trace are one link.
  return { words: summary, cause, fixIn, fix, traces: [...new Map(spans.toReversed().map((span) => [span.traceId, span])).values()].reverse() };
}
