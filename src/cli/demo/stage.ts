import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSlackStandIn } from '../../notify/stand-in/http-slack-stand-in.js';
import { startControlServer } from './control-server.js';
import { findPort } from './find-port.js';
import type { SlackPost } from './page-watch.js';
import { startShop, type Shop } from './start-shop.js';
import { startTocsin, type Tocsin } from './start-tocsin.js';

const CONTROL_PORT = 4410;
const SLACK_PORT = 4420;
const STAND_IN_TOKEN = 'xoxb-demo';
const REQUESTS_PER_SECOND = 25;

/** Everything that runs in the demo. */
export interface Stage {
  readonly directory: string;
  readonly tocsin: Tocsin;
  readonly shop: Shop;
  /** Where a person can break the shop. */
  readonly controlUrl: string;
  /** Undefined when the messages go to the real Slack. */
  readonly slack: { readonly url: string; posts(): readonly SlackPost[] } | undefined;
  close(): Promise<void>;
}

type Closer = () => Promise<unknown>;

/** Starts service, shop, load and Slack stand-in; whatever fails, what was started is closed again, last first. */
export async function raiseStage(environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Stage> {
  const closers: Closer[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  try {
    return { ...(await raise(environment, closers, signal)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function raise(environment: NodeJS.ProcessEnv, closers: Closer[], signal: AbortSignal): Promise<Omit<Stage, 'close'>> {
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-demo-'));
  closers.push(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  const slack = isSet(environment['TOCSIN_SLACK_TOKEN']) ? undefined : await startSlackStandIn({ host: '127.0.0.1', port: await findPort(SLACK_PORT), token: STAND_IN_TOKEN });
  if (slack !== undefined) closers.push(() => slack.close());
  const overrides = slack === undefined ? {} : { TOCSIN_SLACK_TOKEN: STAND_IN_TOKEN, TOCSIN_SLACK_API_URL: slack.apiUrl };
  const tocsin = await startTocsin({ directory, environment, overrides, signal });
  closers.push(() => tocsin.process.stop());
  const { otlpGrpcUrl, otlpHttpUrl } = tocsin;
  const shop = await startShop({ otlpGrpcUrl, otlpHttpUrl, logDirectory: join(directory, 'logs'), requestsPerSecond: REQUESTS_PER_SECOND, signal });
  closers.push(() => shop.close());
  const control = await startControlServer(shop, await findPort(CONTROL_PORT));
  closers.push(() => control.close());
  const posts = slack === undefined ? undefined : { url: slack.url, posts: () => slack.messages() };
  return { directory, tocsin, shop, controlUrl: control.url, slack: posts };
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
