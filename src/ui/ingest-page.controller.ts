import { Controller, Get, Header, Inject } from '@nestjs/common';
import { formatLatency, formatPercent } from '../lib/format.js';
import { balances, type IngestReport, type LedgerSum, type Named, type SenderReport, type ServiceArrivals } from '../query/ingest-report.js';
import { SITE, type Site } from './site.js';
import { counted } from './words.js';

const MIB = 2 ** 20;
const SIGNAL_WORDS: Readonly<Record<string, string>> = { traces: 'Spans', logs: 'Log records' };

@Controller('/ingest')
export class IngestPageController {
  readonly #site: Site;

  constructor(@Inject(SITE) site: Site) {
    this.#site = site;
  }

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  async page(): Promise<string> {
    const report = await this.#site.readers.ingest.ingest();
    return this.#site.render({
      template: 'ingest', title: 'Ingest', section: 'ingest', refreshSeconds: 15,
      isEmpty: report.lastDay.length === 0 && report.senders.length === 0,
      ledgers: [{ title: 'Last hour', rows: report.lastHour.map(ledgerRow) }, { title: 'Last day', rows: report.lastDay.map(ledgerRow) }],
      balances: balances([...report.lastHour, ...report.lastDay]),
      senders: report.senders.map(senderRow), services: report.services.map(serviceRow), lists: listsOf(report),
      waiting: `${(report.waitingBytes / MIB).toFixed(1)} MiB`, commits: counted(report.commits, 'commit'),
      meanCommit: report.meanCommitMs === undefined ? undefined : formatLatency(report.meanCommitMs * 1e6),
    });
  }
}

function ledgerRow({ signal, received, hot, rejected, deduplicated }: LedgerSum): Record<string, string | boolean> {
  return { signal: SIGNAL_WORDS[signal] ?? signal, received: whole(received), hot: whole(hot), rejected: whole(rejected), deduplicated: whole(deduplicated), hasRejected: rejected > 0 };
}

function senderRow({ items, ...sender }: SenderReport): Record<string, string | number | boolean> {
  return { ...sender, hot: whole(items.hot), rejected: whole(items.rejected), hasRejected: items.rejected > 0, deduplicated: whole(items.deduplicated) };
}

function serviceRow({ service, spans, dropped, lagP50Ms, lagP99Ms, lateShare, historyShare }: ServiceArrivals): Record<string, string | boolean> {
  return {
    service, spans: whole(spans), dropped: whole(dropped), hasDropped: dropped > 0,
    lagP50: bound(lagP50Ms), lagP99: bound(lagP99Ms), late: formatPercent(lateShare), isLate: lateShare > 0.01, history: formatPercent(historyShare), isHistory: historyShare > 0.01,
  };
}

function listsOf({ rejected, limits, redactions, oldNames, clockFaults }: IngestReport): { readonly title: string; readonly note: string; readonly rows: readonly { name: string; count: string }[] }[] {
  const clock = clockFaults > 0 ? [{ name: 'spans with impossible times', count: clockFaults }] : [];
  const lists: { readonly title: string; readonly note: string; readonly rows: readonly Named[] }[] = [
    { title: 'Rejected, and why', note: 'The answer told the sender. These are not stored.', rows: rejected },
    { title: 'Limits hit', note: 'What is over a limit is refused or cut.', rows: limits },
    { title: 'Redacted', note: 'Values concealed or dropped before anything was written.', rows: redactions },
    { title: 'Put right on the way', note: 'Old attribute names that rules now find under their new ones.', rows: [...clock, ...oldNames] },
  ];
  return lists.filter(({ rows }) => rows.length > 0).map((list) => ({ ...list, rows: list.rows.map(({ name, count }) => ({ name, count: whole(count) })) }));
}

/** Lags are known by their bucket. */
const bound = (ms: number | undefined): string => (ms === undefined ? 'over a day' : `≤ ${formatLatency(ms * 1e6)}`);

const whole = (count: number): string => Math.round(count).toLocaleString('en-US');
