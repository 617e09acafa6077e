import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { programsUrl, startChild, whenStarted, type Child } from './child-process.js';
import { NO_FAULTS, type Faults, type HostMessage, type LoadReport, type ShopMessage } from './shop/messages.js';
import { NO_REPORT } from './shop/traffic.js';
import { warmUp } from './warm-up.js';

export interface ShopOptions {
  /** Addresses of the OTLP receivers: `http://127.0.0.1:4317` and `:4318`. */
  readonly otlpGrpcUrl: string;
  readonly otlpHttpUrl: string;
  readonly logDirectory: string;
  readonly requestsPerSecond: number;
  /** Spoils its traces in three ways: payment does not read the trace headers, front writes e-mail addresses down, catalogue's clock is ahead. */
  readonly spoilTraces?: boolean;
  /** Ends the start early. */
  readonly signal: AbortSignal;
}

export interface Shop {
  readonly frontUrl: string;
  faults(): Faults;
  setFaults(faults: Faults): void;
  load(): LoadReport;
  /** Process ids, to see that none stays behind. */
  readonly pids: readonly number[];
  /** Settles when a process ends that nobody asked to, with a sentence for people. */
  readonly broken: Promise<string>;
  /** Ends the load first, then the services, so that no request is cut off. */
  close(): Promise<void>;
}

interface ServiceProfile {
  readonly version: string;
  readonly protocol: 'grpc' | 'http/protobuf' | 'http/json';
  readonly team: string;
}

/** Every OTLP protocol is spoken by someone, as in a real company. */
const SERVICES = {
  front: { version: '3.8.0', protocol: 'http/protobuf', team: 'web' },
  checkout: { version: '1.14.2', protocol: 'grpc', team: 'orders' },
  catalogue: { version: '5.1.0', protocol: 'http/json', team: 'products' },
  payment: { version: '2.4.1', protocol: 'grpc', team: 'payments' },
} satisfies Record<string, ServiceProfile>;

const [DEAF, LEAKING, SKEWED] = ['payment', 'front', 'catalogue'];

/** Starts cache, services and load, each in its own process. The services know of each other by the environment alone. */
export async function startShop(options: ShopOptions): Promise<Shop> {
  const children: Child[] = [];
  const start = async (name: string, environment: NodeJS.ProcessEnv): Promise<string> => {
    const child = startProcess(name, environment, options);
    children.push(child);
    return `http://127.0.0.1:${await whenStarted(child, portOf(child), options.signal)}`;
  };
  try {
    const SHOP_CACHE_URL = (await start('cache', {})).replace('http:', 'redis:');
    const [SHOP_CATALOGUE_URL, SHOP_PAYMENT_URL] = await Promise.all([start('catalogue', { SHOP_CACHE_URL }), start('payment', { SHOP_CACHE_URL })]);
    const SHOP_CHECKOUT_URL = await start('checkout', { SHOP_CACHE_URL, SHOP_CATALOGUE_URL, SHOP_PAYMENT_URL });
    const SHOP_FRONT_URL = await start('front', { SHOP_CATALOGUE_URL, SHOP_CHECKOUT_URL });
    await warmUp(SHOP_FRONT_URL, options);
    await start('load', { SHOP_FRONT_URL, SHOP_LOAD_PER_SECOND: String(options.requestsPerSecond) });
    return operate(SHOP_FRONT_URL, children);
  } catch (error) {
    await Promise.all(children.map((child) => child.stop()));
    throw error;
  }
}

function operate(frontUrl: string, children: readonly Child[]): Shop {
  let faults = NO_FAULTS;
  let report = NO_REPORT;
  let closing = false;
  children.at(-1)?.onMessage((message) => {
    const news = message as ShopMessage;
    if (news.kind === 'load') report = news.report;
  });
  return {
    frontUrl,
    pids: children.map((child) => child.pid),
    faults: () => faults,
    setFaults: (next) => {
      faults = next;
      for (const child of children) child.send({ kind: 'faults', faults } satisfies HostMessage);
    },
    load: () => report,
    broken: new Promise((resolve) => {
      for (const child of children) void child.ended.then((how) => !closing && resolve(how));
    }),
    close: async () => {
      closing = true;
      await children.at(-1)?.stop();
      await Promise.all(children.map((child) => child.stop()));
    },
  };
}

function startProcess(name: string, environment: NodeJS.ProcessEnv, options: ShopOptions): Child {
  const profile = name in SERVICES ? SERVICES[name as keyof typeof SERVICES] : undefined;
  return startChild({
    name,
    program: fileURLToPath(new URL(`./shop/${name}.js`, programsUrl())),
    nodeOptions: profile === undefined ? [] : [...(options.spoilTraces === true && name === SKEWED ? ['--import', new URL('./shop/skewed-clock.js', programsUrl()).href] : []), ...instrumentation()],
    environment: { ...withoutOpenTelemetry(process.env), ...environment, ...(profile === undefined ? {} : telemetry(name, profile, options)) },
    logDirectory: options.logDirectory,
  });
}

/** The official zero-code setup for ES modules: the loader hook and the registration, nothing in the shop's code. */
function instrumentation(): readonly string[] {
  const require = createRequire(import.meta.url);
  const automatic = require.resolve('@opentelemetry/auto-instrumentations-node/register');
  const hook = createRequire(automatic).resolve('@opentelemetry/instrumentation/hook.mjs');
  return ['--no-warnings', '--experimental-loader', pathToFileURL(hook).href, '--import', pathToFileURL(automatic).href];
}

function telemetry(name: string, profile: ServiceProfile, options: ShopOptions): NodeJS.ProcessEnv {
  const isSpoiled = options.spoilTraces === true;
  const resource = {
    'service.namespace': 'shop',
    'service.version': profile.version,
    'service.instance.id': `${name}-1`,
    'deployment.environment.name': 'demo',
    'cloud.region': 'eu-1',
    'cloud.availability_zone': 'eu-1a',
    'host.name': isSpoiled && name === SKEWED ? 'shop-node-2' : 'shop-node-1',
    'k8s.pod.name': `${name}-7d9f4c-1`,
    'shop.team': profile.team,
  };
  return {
    OTEL_SERVICE_NAME: name,
    OTEL_RESOURCE_ATTRIBUTES: Object.entries(resource).map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join(','),
    OTEL_EXPORTER_OTLP_PROTOCOL: profile.protocol,
    OTEL_EXPORTER_OTLP_ENDPOINT: profile.protocol === 'grpc' ? options.otlpGrpcUrl : options.otlpHttpUrl,
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_METRICS_EXPORTER: 'none',
    ...(isSpoiled && name === DEAF ? { OTEL_PROPAGATORS: 'none' } : {}),
    ...(isSpoiled && name === LEAKING ? { SHOP_LEAKS: 'true' } : {}),
    // The SDK's five seconds are fine for production; a person watches this one.
    OTEL_BSP_SCHEDULE_DELAY: '1000',
    OTEL_BLRP_SCHEDULE_DELAY: '1000',
    OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http,undici,ioredis,pino',
    OTEL_NODE_RESOURCE_DETECTORS: 'env,os',
  };
}

/** The user's own OTEL_* settings are for the user's programs, not for the shop. */
function withoutOpenTelemetry(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('OTEL_')));
}

function portOf(child: Child): Promise<number> {
  return new Promise((resolve) => {
    child.onMessage((message) => {
      const news = message as ShopMessage;
      if (news.kind === 'listening') resolve(news.port);
    });
  });
}
