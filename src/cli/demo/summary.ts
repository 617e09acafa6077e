import { formatSpan } from '../../lib/format.js';
import type { LinkVerdict } from './check-links.js';
import type { Durations } from './metrics-text.js';
import type { ActOutcome, ArrivedPage } from './director.js';
import { SLOW_VISIT_MS } from './shop/messages.js';

/** Architecture §9: from the receipt of the crossing span to the Slack request. */
const PROMISED_SECONDS = 6;

export interface Findings {
  readonly outcomes: readonly ActOutcome[];
  readonly links: readonly LinkVerdict[];
  /** Receipt of the crossing span to the Slack request. */
  readonly latency: Durations | undefined;
}

export interface Summary {
  readonly lines: readonly string[];
  /** Every fault was paged, nothing else was, and every link opens. */
  readonly fine: boolean;
}

export function summarise({ outcomes, links, latency }: Findings): Summary {
  const faults = outcomes.filter(({ act }) => act.pages);
  const brokenLinks = links.filter(({ verdict }) => verdict !== 'OK');
  const falsePages = outcomes.filter(({ act, pages }) => !act.pages && pages.length > 0);
  const lines = [
    ...falsePages.map(({ act, pages, visitors }) => mark(false, `${act.title}: paged although nothing was broken: ${pages.map(({ incident }) => incident.title).join('; ')}${slowInWords(visitors)}`)),
    ...faults.flatMap(faultLines),
    mark(links.length > 0 && brokenLinks.length === 0, `links: ${links.length - brokenLinks.length} of ${links.length} open`),
    ...brokenLinks.map(({ url, verdict }) => `    ${url}: ${verdict}`),
    latencyLine(latency),
  ];
  return { lines, fine: falsePages.length === 0 && faults.every(({ pages }) => pages.some(isPage)) && brokenLinks.length === 0 };
}

/** Whether a page about latency was right: on a machine that others use as well the shop itself may be slow. */
function slowInWords({ answered, slow }: ActOutcome['visitors']): string {
  if (slow === 0) return '';
  return `. The shop itself was slow then, and the page right where it says so: ${String(slow)} of ${String(answered)} visitors waited more than ${String(SLOW_VISIT_MS)} ms. Is the machine busy with something else?`;
}

function faultLines({ act, pages }: ActOutcome): readonly string[] {
  const first = pages.find(isPage);
  const heading = first === undefined ? mark(false, `${act.title}: no page arrived`) : mark(true, `${act.title}: the page was there after ${formatSpan(first.afterMs)}`);
  return [heading, ...pages.map(({ incident, afterMs }) => `    ${incident.severity}, ${formatSpan(afterMs)}: ${incident.title}`)];
}

function isPage({ incident }: ArrivedPage): boolean {
  return incident.severity === 'page';
}

function latencyLine(latency: Durations | undefined): string {
  if (latency === undefined) return mark(false, 'from receipt of the crossing span to the Slack request: not measured');
  const { meanSeconds, slowestSeconds, count } = latency;
  const slowest = Number.isFinite(slowestSeconds) ? `at most ${slowestSeconds} s` : 'beyond the scale';
  const text = `from receipt of the crossing span to the Slack request: ${meanSeconds.toFixed(2)} s on average, ${slowest}, over ${count} (promise: ${PROMISED_SECONDS} s)`;
  return mark(slowestSeconds <= PROMISED_SECONDS, text);
}

function mark(good: boolean, text: string): string {
  return `${good ? '✓' : '✗'} ${text}`;
}
