import { setTimeout as wait } from 'node:timers/promises';
import { CouldNotRun } from '../command.js';
import { Interrupted } from './child-process.js';
import { readSamples, sumOf, type Sample } from './metrics-text.js';
import { watchPages, type IncidentSummary, type PageWatch } from './page-watch.js';
import type { Act } from './script.js';
import { slackLines, slackLinks } from './slack-text.js';
import type { Stage } from './stage.js';
import type { Story } from './story.js';

const LOOK_EVERY_MS = 250;
const STATUS_EVERY_MS = 10_000;
const METRICS_TIMEOUT_MS = 5_000;

/** A page that arrived while an act was on, or in the pause after it. */
export interface ArrivedPage {
  readonly incident: IncidentSummary;
  /** Time from the beginning of the fault. */
  readonly afterMs: number;
  readonly links: readonly string[];
}

export interface ActOutcome {
  readonly act: Act;
  readonly pages: readonly ArrivedPage[];
}

interface Running {
  readonly act: Act;
  readonly startedAtMs: number;
  readonly pages: ArrivedPage[];
}

/** Plays the acts on the stage, tells what happens, and remembers which pages came. */
export class Director {
  private readonly pages: PageWatch;
  private readonly played: Running[] = [];
  private nextStatusMs = 0;

  constructor(private readonly stage: Stage, private readonly story: Story, private readonly signal: AbortSignal) {
    this.pages = watchPages(stage.tocsin.httpUrl, stage.slack === undefined ? undefined : () => stage.slack?.posts() ?? []);
  }

  async play(acts: readonly Act[]): Promise<void> {
    const startMs = Date.now();
    for (const act of acts) {
      this.played.push({ act, startedAtMs: Date.now(), pages: [] });
      this.stage.shop.setFaults(act.faults);
      this.story.tell(act.title, act.pages ? 'yellow' : 'green');
      await this.until(startMs + act.endMs);
    }
  }

  outcomes(): readonly ActOutcome[] {
    return this.played.map(({ act, pages }) => ({ act, pages }));
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
    for (const news of await this.pages.poll()) {
      if (news.kind === 'resolved') {
        this.story.tell(`RESOLVED  ${news.incident.title}`, 'green');
        continue;
      }
      const cause = this.played.findLast(({ act }) => act.pages) ?? this.played.at(-1);
      const afterMs = Date.now() - (cause?.startedAtMs ?? Date.now());
      cause?.pages.push({ incident: news.incident, afterMs, links: news.post === undefined ? [] : slackLinks(news.post) });
      this.story.tell(`${news.incident.severity.toUpperCase()}  ${news.incident.title}`, 'red');
      if (news.post !== undefined) this.story.quote(slackLines(news.post));
      this.story.line(`          incident: ${this.stage.tocsin.httpUrl}/incidents/${news.incident.id}`);
    }
  }

  private async tellStatus(): Promise<void> {
    this.nextStatusMs = Date.now() + STATUS_EVERY_MS;
    const { answered, failed } = this.stage.shop.load();
    const spans = sumOf(await readMetrics(this.stage.tocsin.httpUrl), SPANS_RECEIVED);
    const received = spans === undefined ? '' : `, ${count(spans)} spans received`;
    this.story.tell(`${count(answered)} requests, ${count(failed)} failed${received}`, 'dim');
  }
}

/** Counter of the service: spans that reached it. */
export const SPANS_RECEIVED = 'tocsin_ingest_spans_received_total';

export async function readMetrics(httpUrl: string): Promise<readonly Sample[]> {
  const response = await fetch(`${httpUrl}/metrics`, { signal: AbortSignal.timeout(METRICS_TIMEOUT_MS) });
  return response.ok ? readSamples(await response.text()) : [];
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
