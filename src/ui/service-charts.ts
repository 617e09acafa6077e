import { formatLatency, formatPercent } from '../lib/format.js';
import type { ServicePoint } from '../query/service-reader.js';
import type { ChartExemplar } from '../query/survey-reader.js';
import { chart, type Chart, type ChartMarker, type ChartPoint } from './chart.js';
import { formatRate } from './words.js';

/** What stands on a service's charts beside its counts. */
export interface OnCharts {
  readonly exemplars: readonly ChartExemplar[];
  readonly markers: readonly ChartMarker[];
}

/** Without the step that is still filling: drawn, it would look like a drop of traffic. */
export function rateChart(all: readonly ServicePoint[], { markers }: OnCharts): Chart {
  const series = all.length > 1 ? all.slice(0, -1) : all;
  return chart({
    title: 'Requests per second', times: series.map((point) => point.atMs), format: formatRate, atLeast: [0, 0], markers,
    series: [{ label: 'requests', style: 'c0', values: series.map((point) => point.perSecond), area: true }],
  });
}

export function errorChart(series: readonly ServicePoint[], { exemplars, markers }: OnCharts): Chart {
  return chart({
    title: 'Error ratio', times: series.map((point) => point.atMs), format: (value) => formatPercent(value, 1), atLeast: [0, 0.01], markers,
    series: [{ label: 'errors', style: 'bad', values: series.map((point) => point.errorRatio), area: true }],
    points: exemplars.filter(({ ofFailed }) => ofFailed).flatMap((each) => pointOf(each, series[each.step], series[each.step]?.errorRatio)),
  });
}

export function latencyChart(series: readonly ServicePoint[], { exemplars, markers }: OnCharts): Chart {
  return chart({
    title: 'Duration', times: series.map((point) => point.atMs), format: formatLatency, atLeast: [0, 0], markers,
    series: [
      { label: 'p99', style: 'c3', values: series.map((point) => point.p99Ns) },
      { label: 'p95', style: 'c1', values: series.map((point) => point.p95Ns) },
      { label: 'p50', style: 'c0', values: series.map((point) => point.p50Ns) },
    ],
    points: exemplars.filter(({ ofFailed }) => !ofFailed).flatMap((each) => pointOf(each, series[each.step], each.durationNs)),
  });
}

function pointOf({ traceId, spanId, name, durationNs, ofFailed }: ChartExemplar, at: ServicePoint | undefined, value: number | undefined): ChartPoint[] {
  if (at === undefined || value === undefined) return [];
  const words = `${name}, ${formatLatency(durationNs)}: the slowest ${ofFailed ? 'that failed' : 'request'} around here`;
  return [{ atMs: at.atMs, value, words, href: `/traces/${traceId}?span=${spanId}`, style: ofFailed ? 'bad' : '' }];
}
