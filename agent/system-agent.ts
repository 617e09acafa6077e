import { arch, hostname } from 'node:os';
import { formatProblem } from '../src/lib/problem.js';
import { DEFAULT_CONFIG_FILE, namedFiles, type LoadedAgent } from './config/agent-files.js';
import { loadAgentConfig } from './config/system-agent-config.js';
import { hostId, installedVersion } from './fs-installation.js';
import type { OtlpSender } from './otlp/delivery.js';
import type { AgentLog } from './system-log.js';
import { ConfigWatch } from './system-config-watch.js';
import { Exporter, senderOf } from './system-export.js';
import { LossReport, lossTotals, type LossTotals } from './loss-report.js';
import { resourceHead } from './span-batch.js';
import { LossCourier } from './system-loss-courier.js';
import { agentResource, type Host } from './resource.js';
import { RestartNotice } from './restart-notice.js';
import { Ripening } from './ripening.js';
import { newSpanId, newTraceId } from './system-random-ids.js';
import { startLoader, type Loader, type LoaderEnd } from './system-loader.js';
import { keepSmall } from './system-memory.js';
import { dropPrivileges } from './system-privileges.js';
import { SpanBatch } from './span-batch.js';
import type { SpanNode } from './span-node.js';
import { Teller } from './teller.js';
import { Tracer } from './tracer.js';

/** So long, at least, is waited for the other end of a connection. */
const RIPEN_MS = 25;
/** Where no frames come that it could be done with. */
const RIPEN_IDLE_MS = 100;
/** Sent in larger pieces. */
const POST_MS = 500;
const TIDY_MS = 1_000;
const REPORT_MS = 60_000;
const RELOAD_MS = 2_000;
/** At the end: what does not go on for so long will not, and all of it may take no longer than the second. Twice that is less than what Kubernetes and systemd allow. */
const STILL_MS = 3_000;
const MAX_STOP_MS = 12_000;
/** Larger requests only make the receiver wait for memory. */
const MAX_SPANS_A_REQUEST = 1_024;

export interface AgentOptions {
  readonly configFile: string | undefined;
  readonly loaded: LoadedAgent;
  readonly log: AgentLog;
  /** Called with what the loader can do, when it runs. */
  readonly onReady: (hello: unknown) => void;
}

/** The unprivileged half while it runs. */
export class RunningAgent {
  readonly #options: AgentOptions;
  readonly #tracer: Tracer;
  readonly #host: Host = { name: hostname(), id: hostId(), arch: arch() === 'x64' ? 'amd64' : arch(), agentVersion: installedVersion() };
  /** Told, and waits to be posted. */
  readonly #batch = new SpanBatch();
  readonly #timers: NodeJS.Timeout[] = [];
  #loaded: LoadedAgent;
  #teller: Teller;
  #exporter!: Exporter;
  #courier!: LossCourier;
  #loader!: Loader;
  readonly #ripening: Ripening;
  /** When what was ripe was last told, by the monotonic clock. */
  #ripenedMs = 0;
  readonly #watch: ConfigWatch;
  readonly #restart: RestartNotice;
  #lastTrouble: string | undefined;

  private constructor(options: AgentOptions) {
    this.#options = options;
    this.#loaded = options.loaded;
    this.#watch = new ConfigWatch({ file: options.configFile ?? DEFAULT_CONFIG_FILE, named: namedFiles(options.loaded.config), load: (file) => loadAgentConfig(file ?? options.configFile) });
    this.#restart = new RestartNotice(options.loaded.config);
    this.#tracer = new Tracer(options.loaded.config.policy, { newSpanId, command: (line) => this.#loader.command(line), finished: (node) => this.#ripening.finished(node) });
    this.#ripening = new Ripening({ isSettled: (node) => this.#teller.isSettled(node), tell: (node) => this.#tell(node), counters: this.#tracer.counters });
    this.#teller = this.#newTeller();
  }

  /** Starts the loader with the rights there are, then gives them up. */
  static async start(options: AgentOptions): Promise<RunningAgent> {
    const agent = new RunningAgent(options);
    const { config } = options.loaded;
    agent.#exporter = new Exporter(await senderOf(options.loaded, 'traces'), config.otlp.bufferBytes);
    agent.#courier = new LossCourier({ report: new LossReport(resourceHead(agentResource(agent.#host), agent.#host.agentVersion), Date.now()), sender: await lossSenderOf(options.loaded), log: options.log });
    agent.#loader = startLoader(config, { sink: agent.#sink(), say: (line) => options.log.info({ from: 'loader' }, line), afterFrames: () => agent.#ripenIfDue() });
    const trouble = dropPrivileges(config.user);
    if (trouble !== undefined) {
      agent.#loader.quit();
      throw new Error(trouble);
    }
    agent.#every(RIPEN_IDLE_MS, () => agent.#ripenIfDue());
    agent.#every(POST_MS, () => agent.#post());
    agent.#every(TIDY_MS, () => agent.#tracer.tidy());
    agent.#every(RELOAD_MS, () => void agent.#reloadIfChanged().catch((error: unknown) => { options.log.warn({ why: String(error) }, 'the configuration could not be read again; the one before stays in force'); }));
    agent.#every(REPORT_MS, () => agent.#report());
    agent.#every(REPORT_MS, () => void agent.#courier.send(agent.#lossTotals(0)));
    agent.#timers.push(keepSmall());
    return agent;
  }

  /** The loader's end, whatever the reason. */
  get ended(): Promise<LoaderEnd> {
    return this.#loader.ended;
  }

  /** Ends in order, also where the loader has ended by itself: it drains, what was seen is sent, and at last what was lost. */
  async stop(): Promise<void> {
    this.#loader.quit();
    let hasEnded = false;
    void this.#loader.ended.then(() => { hasEnded = true; });
    await whileAdvancing({ isOver: () => hasEnded, progress: () => this.#tracer.counters.dataFrames });
    this.#tracer.stop();
    this.#ripening.pass();
    this.#ripening.pass();
    this.#post();
    await whileAdvancing({ isOver: () => this.#exporter.isIdle, progress: () => this.#exporter.outbox.counters.sentSpans });
    let isTold = false;
    void this.#courier.finish(this.#lossTotals(this.#exporter.waitingSpans)).finally(() => { isTold = true; });
    await whileAdvancing({ isOver: () => isTold, progress: () => 0 });
    this.#close();
  }

  #close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#report();
    const { waitingSpans } = this.#exporter;
    if (waitingSpans > 0) this.#options.log.warn({ waitingSpans }, 'these spans were not delivered before the end and are lost');
    this.#exporter.close();
    this.#courier.close();
  }

  #every(ms: number, work: () => void): void {
    this.#timers.push(setInterval(work, ms));
  }

  #sink(): Tracer {
    const text = this.#tracer.text.bind(this.#tracer);
    this.#tracer.text = (kind, json, atNs) => {
      if (kind === 'hello') this.#options.onReady(json);
      if (kind === 'library') this.#options.log.debug({ library: json }, 'TLS library');
      text(kind, json, atNs);
    };
    return this.#tracer;
  }

  #newTeller(): Teller {
    const { config, redactor } = this.#loaded;
    return new Teller(this.#tracer, { host: this.#host, policy: config.policy, ports: { newTraceId, redactor } });
  }

  #tell(node: SpanNode): void {
    this.#teller.tell(node, this.#batch);
    if (this.#batch.spans >= MAX_SPANS_A_REQUEST) this.#post();
  }

  #ripenIfDue(): void {
    const nowMs = performance.now();
    if (nowMs - this.#ripenedMs < RIPEN_MS) return;
    this.#ripenedMs = nowMs;
    this.#ripening.pass();
  }

  #post(): void {
    if (this.#batch.spans > 0) this.#exporter.add(this.#batch.take((length) => this.#exporter.memory.take(length)));
    this.#exporter.pump();
    const { trouble } = this.#exporter.outbox;
    if (trouble !== this.#lastTrouble) {
      if (trouble === undefined) this.#options.log.info({}, 'spans are delivered again');
      else this.#options.log.warn({ why: trouble }, 'spans cannot be delivered; they wait, as far as there is room');
      this.#lastTrouble = trouble;
    }
  }

  #report(): void {
    this.#options.log.info({ ...this.#tracer.counters, ...this.#exporter.outbox.counters, waitingSpans: this.#exporter.waitingSpans, losses: this.#tracer.losses }, 'so far');
  }

  #lossTotals(unsentSpans: number): LossTotals {
    return lossTotals({ counters: this.#tracer.counters, outbox: this.#exporter.outbox.counters, losses: this.#tracer.losses, unsentSpans });
  }

  /** An invalid change is refused and reported, and so is a file that is not there any more; the last good configuration stays. */
  async #reloadIfChanged(): Promise<void> {
    const result = await this.#watch.look();
    if (result === undefined) return;
    const { loaded, problems } = result;
    for (const problem of problems) this.#options.log.warn({}, formatProblem(problem));
    if (loaded === undefined) {
      this.#options.log.warn({}, 'the configuration cannot be used as it is now: the one before stays in force, until the agent is started again');
      return;
    }
    const [spansTo, lossesTo] = [await senderOf(loaded, 'traces'), await lossSenderOf(loaded)];
    this.#loaded = loaded;
    this.#options.log.useLevel(loaded.config.logLevel);
    this.#tracer.usePolicy(loaded.config.isEnabled ? loaded.config.policy : { ...loaded.config.policy, http: false, databases: false });
    this.#teller = this.#newTeller();
    this.#loader.command(`exclude-ports ${loaded.config.policy.excludePorts.length === 0 ? 'none' : loaded.config.policy.excludePorts.join(',')}`);
    this.#exporter.useSender(spansTo);
    this.#courier.useSender(lossesTo);
    const waiting = this.#restart.news(loaded.config);
    if (waiting !== undefined) this.#options.log.warn({}, waiting);
    this.#options.log.info({}, 'configuration reloaded');
  }
}

async function lossSenderOf(loaded: LoadedAgent): Promise<OtlpSender | undefined> {
  return loaded.config.tellsLosses ? senderOf(loaded, 'logs') : undefined;
}

interface Work {
  readonly isOver: () => boolean;
  /** Changes while the work goes on. */
  readonly progress: () => number;
}

/** Waits for the end of something, as long as it goes on, and not for ever. */
async function whileAdvancing({ isOver, progress }: Work): Promise<void> {
  const endMs = Date.now() + MAX_STOP_MS;
  let seen = progress();
  let deadlineMs = Date.now() + STILL_MS;
  while (!isOver() && Date.now() < Math.min(deadlineMs, endMs)) {
    await later(20);
    if (progress() === seen) continue;
    seen = progress();
    deadlineMs = Date.now() + STILL_MS;
  }
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
