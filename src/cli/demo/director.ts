import { setTimeout as wait } from 'node:timers/promises';
import { CouldNotRun } from '../command.js';
import { Interrupted } from './child-process.js';
import { readSamples, sumOf, type Sample } from './metrics-text.js';
import { watchPages, type IncidentSummary, type PageNews, type PageWatch, type SlackPost } from './page-watch.js';
import { Patience } from './patience.js';
import type { Act } from './script.js';
import { slackLines } from './slack-text.js';
import type { Stage } from './stage.js';
import { stillOpenLines } from './still-open.js';
import type { Story } from './story.js';

const LOOK_EVERY_MS = 250;
const STATUS_EVERY_MS = 10_000;
/** Counter of the service: what reached it, by signal and by what became of it. */
const ITEMS_RECEIVED = 'tocsin_ingest_items_total';
const METRICS_TIMEOUT_MS = 5_000;

/** A page that arrived while an act was on, or in the pause after it. */
export interface ArrivedPage {
  readonly incident: IncidentSummary;
  /** Time from the beginning of the fault until the message was there, with the severity that it has now. */
  readonly afterMs: number;
  /** Undefined with the real Slack. The stand-in keeps it up to date. */
  readonly post: SlackPost | undefined;
}

export interface ActOutcome {
  readonly act: Act;
  readonly pages: readonly ArrivedPage[];
  /** Of the visitors that were served in it. */
  readonly visitors: { readonly answered: number; readonly slow: number };
}

interface Running {
  readonly act: Act;
  readonly startedAtMs: number;
  pages: readonly ArrivedPage[];
  visitors: ActOutcome['visitors'];
}

/** Plays the acts on the stage, tells what happens, and remembers which pages came. */
export class Director {
  private readonly pages: PageWatch;
  private readonly played: Running[] = [];
  private readonly over = new Set<string>();
  private nextStatusMs = Date.now() + STATUS_EVERY_MS;
  private readonly patience = new Patience(Date.now());

  constructor(private readonly stage: Stage, private readonly story: Story, private readonly signal: AbortSignal) {
    this.pages = watchPages(stage.tocsin.httpUrl, stage.slack === undefined ? undefined : () => stage.slack?.posts() ?? []);
  }

  async play(acts: readonly Act[]): Promise<void> {
    const startMs = Date.now();
    for (const act of acts) {
      const before = this.stage.shop.load();
      const running: Running = { act, startedAtMs: Date.now(), pages: [], visitors: { answered: 0, slow: 0 } };
      this.stage.shop.setFaults(act.faults);
      this.story.tell(act.title, act.pages ? 'yellow' : 'green');
      for (const line of stillOpenLines(act, this.played, this.over)) this.story.line(line);
      this.played.push(running);
      await this.until(startMs + act.endMs);
      const { answered, slow } = this.stage.shop.load();
      running.visitors = { answered: answered - before.answered, slow: slow - before.slow };
    }
  }

  outcomes(): readonly ActOutcome[] {
    return this.played.map(({ act, pages, visitors }) => ({ act, pages, visitors }));
  }

  private async until(endMs: number): Promise<void> {
    const broken = Promise.race([this.stage.shop.broken, this.stage.tocsin.process.ended]);
    while (Date.now() < endMs) {
      const how = await Promise.race([broken, this.pause(Math.min(LOOK_EVERY_MS, endMs - Date.now()))]);
      if (this.signal.aborted) throw new Interrupted();
      if (typeof how === 'string') throw new CouldNotRun(how);
      await this.look();
      if (Date.now() >= this.nextStatusMs) await this.tellStatus();
    }
  }

  private async pause(durationMs: number): Promise<void> {
    await wait(Math.max(0, durationMs), undefined, { signal: this.signal }).catch(() => undefined);
  }

  private async look(): Promise<void> {
    for (const news of await this.poll()) {
      if (news.kind === 'resolved') {
        this.over.add(news.incident.id);
        this.story.tell(`RESOLVED  ${news.incident.title}`, 'green');
        continue;
      }
      this.remember(news);
      this.story.tell(`${news.incident.severity.toUpperCase()}  ${news.incident.title}`, news.incident.severity === 'page' ? 'red' : 'yellow');
      if (news.post !== undefined) this.story.quote(slackLines(news.post));
      this.story.line(`          incident: ${this.stage.tocsin.httpUrl}/incidents/${news.incident.id}`);
    }
  }

  /** A page belongs to the last fault before it; without any it stands against the healthy act. */
  private remember({ incident, post }: PageNews): void {
    const cause = this.played.findLast(({ act }) => act.pages) ?? this.played.at(-1);
    const home = this.played.find(({ pages }) => pages.some((page) => page.incident.id === incident.id)) ?? cause;
    if (home === undefined) return;
    const others = home.pages.filter((page) => page.incident.id !== incident.id);
    home.pages = [...others, { incident, post, afterMs: Date.now() - home.startedAtMs }];
  }

  /** A busy service may miss a look; one that stays silent is broken. */
  private async poll(): Promise<readonly PageNews[]> {
    try {
      const news = await this.pages.poll();
      this.patience.answered(Date.now());
      return news;
    } catch (error) {
      const verdict = this.patience.missed(Date.now(), error instanceof Error ? error.message : String(error));
      if (verdict.kind === 'broken') throw new CouldNotRun(verdict.text);
      if (verdict.kind === 'slow') this.story.tell(`${verdict.text}. It is waited for.`, 'yellow');
      return [];
    }
  }

  private async tellStatus(): Promise<void> {
    this.nextStatusMs = Date.now() + STATUS_EVERY_MS;
    const { answered, failed } = this.stage.shop.load();
    const spans = sumOf(await readMetrics(this.stage.tocsin.httpUrl), ITEMS_RECEIVED, { signal: 'traces' });
    const received = spans === undefined ? '' : `, ${count(spans)} spans received`;
    this.story.tell(`${count(answered)} requests, ${count(failed)} failed${received}`, 'dim');
  }
}

/** What /metrics says; nothing when it does not answer, for the story goes on without numbers. */
export async function readMetrics(httpUrl: string): Promise<readonly Sample[]> {
  try {
    const response = await fetch(`${httpUrl}/metrics`, { signal: AbortSignal.timeout(METRICS_TIMEOUT_MS) });
    return response.ok ? readSamples(await response.text()) : [];
  } catch {
    return [];
  }
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
