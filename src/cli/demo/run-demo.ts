import { formatDuration, SECOND_MS } from '../../lib/duration.js';
import { CouldNotRun, EXIT_COULD_NOT_RUN, EXIT_FINE, EXIT_NO } from '../command.js';
import { checkLinks } from './check-links.js';
import { Interrupted } from './child-process.js';
import { readHistogram, type Sample } from './metrics-text.js';
import { Director, readMetrics, type ArrivedPage } from './director.js';
import { endlessRound, scriptFor, SHORTEST_RUN_MS } from './script.js';
import { slackLinks } from './slack-text.js';
import { raiseStage, type Stage } from './stage.js';
import { listenForStop } from './stop-signal.js';
import { terminalStory, type Story } from './story.js';
import { summarise } from './summary.js';

/** Closing takes its seconds; the curtain falls a little before the time is over. */
const CLOSING_MS = 5 * SECOND_MS;
const LATENCY_METRIC = 'tocsin_breach_to_notification_seconds';

export interface DemoOptions {
  /** Undefined: until Ctrl-C. Includes starting and closing. */
  readonly forMs: number | undefined;
  readonly environment?: NodeJS.ProcessEnv;
  readonly story?: Story;
}

/** Runs the demo. Returns the exit code: 0 fine, 1 an expected page or link is missing; throws `CouldNotRun`. */
export async function runDemo({ forMs, environment = process.env, story = terminalStory() }: DemoOptions): Promise<number> {
  if (forMs !== undefined && forMs < SHORTEST_RUN_MS) {
    throw new CouldNotRun(`--for ${formatDuration(forMs)} is too short for a fault to be found: give it ${formatDuration(SHORTEST_RUN_MS)} or more`);
  }
  const endMs = forMs === undefined ? undefined : Date.now() + forMs - CLOSING_MS;
  const stop = listenForStop();
  try {
    story.line('Starting Tocsin, the shop and its visitors …');
    const stage = await raiseStage(environment, stop.signal);
    try {
      introduce(stage, story);
      return await perform(stage, story, { endMs, signal: stop.signal });
    } finally {
      await stage.close();
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    story.line('Stopped.');
    return forMs === undefined ? EXIT_FINE : EXIT_COULD_NOT_RUN;
  } finally {
    stop.release();
  }
}

async function perform(stage: Stage, story: Story, { endMs, signal }: { endMs: number | undefined; signal: AbortSignal }): Promise<number> {
  const director = new Director(stage, story, signal);
  if (endMs === undefined) {
    for (let first = true; ; first = false) await director.play(endlessRound(first));
  }
  await director.play(scriptFor(endMs - Date.now()));
  const outcomes = director.outcomes();
  const links = await checkLinks(outcomes.flatMap(({ pages }) => pages.flatMap((page) => linksOf(page, stage.tocsin.httpUrl))), stage.tocsin.httpUrl);
  const latency = readHistogram(toSlack(await readMetrics(stage.tocsin.httpUrl)), LATENCY_METRIC);
  const { lines, fine } = summarise({ outcomes, links, latency });
  story.line();
  for (const line of lines) story.line(line);
  return fine ? EXIT_FINE : EXIT_NO;
}

function linksOf({ incident, post }: ArrivedPage, httpUrl: string): readonly string[] {
  return post === undefined ? [`${httpUrl}/incidents/${encodeURIComponent(incident.id)}`] : slackLinks(post);
}

/** Other receivers have their own pace. */
function toSlack(samples: readonly Sample[]): readonly Sample[] {
  return samples.filter(({ labels }) => labels['integration']?.startsWith('slack') === true);
}

function introduce({ tocsin, slack, shop, controlUrl }: Stage, story: Story): void {
  story.line();
  story.line(`  Tocsin        ${tocsin.httpUrl}   (OTLP ${tocsin.otlpGrpcUrl} gRPC, ${tocsin.otlpHttpUrl} HTTP)`);
  story.line(`  Slack         ${slack === undefined ? 'the real one: TOCSIN_SLACK_TOKEN is set' : `${slack.url}   a stand-in, look at its messages there`}`);
  story.line(`  The shop      ${shop.frontUrl}   front → checkout → catalogue, payment → cache`);
  story.line(`  Its faults    ${controlUrl}   curl -X PUT -d '{"paymentFailsIn":["us-1"]}' ${controlUrl}`);
  story.line();
  story.line('  Times are UTC. Ctrl-C ends everything.');
  story.line();
}
