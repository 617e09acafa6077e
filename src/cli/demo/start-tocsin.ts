import { fileURLToPath } from 'node:url';
import { startChild, whenStarted, type Child } from './child-process.js';
import { findPort } from './find-port.js';

const DEFAULT_PORTS = { TOCSIN_HTTP_PORT: 4400, TOCSIN_OTLP_GRPC_PORT: 4317, TOCSIN_OTLP_HTTP_PORT: 4318 } as const;

/** What a person may want to carry over. Tokens, TLS, stores and data of a real installation stay out of the demo. */
const CARRIED_OVER = [
  'TOCSIN_RULES_DIR', 'TOCSIN_RUNBOOKS_DIR', 'TOCSIN_SLACK_TOKEN', 'TOCSIN_SLACK_SIGNING_SECRET', 'TOCSIN_SLACK_API_URL',
  'TOCSIN_SLACK_CHANNEL', 'TOCSIN_LOG_LEVEL', ...Object.keys(DEFAULT_PORTS),
];

export interface TocsinOptions {
  /** Empty directory for data and logs. */
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Of the demo, over the person's: where Slack is. */
  readonly overrides: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

export interface Tocsin {
  readonly httpUrl: string;
  readonly otlpGrpcUrl: string;
  readonly otlpHttpUrl: string;
  readonly process: Child;
}

/** Starts `tocsin serve` as a person would, and waits for its ready line. */
export async function startTocsin({ directory, environment, overrides, signal }: TocsinOptions): Promise<Tocsin> {
  const ports = await choosePorts(environment);
  let heard: (line: string) => void = () => undefined;
  const child = startChild({
    name: 'tocsin',
    program: fileURLToPath(new URL('bin/tocsin.js', repositoryUrl())),
    arguments: ['serve'],
    nodeOptions: [],
    workingDirectory: directory,
    environment: {
      ...foreign(environment),
      TOCSIN_RULES_DIR: fileURLToPath(new URL('rules', repositoryUrl())),
      TOCSIN_RUNBOOKS_DIR: fileURLToPath(new URL('runbooks', repositoryUrl())),
      ...carriedOver(environment),
      ...ports,
      TOCSIN_DATA_DIR: `${directory}/data`,
      TOCSIN_EVALUATION_INTERVAL: '1s',
      ...overrides,
    },
    logDirectory: `${directory}/logs`,
    onLine: (line) => heard(line),
  });
  const ready = new Promise<Tocsin>((resolve) => {
    heard = (line) => {
      const urls = readReadyLine(line);
      if (urls !== undefined) resolve({ ...urls, process: child });
    };
  });
  return whenStarted(child, ready, signal);
}

/** The folder that holds `bin/`, `rules/` and `runbooks/`; three above this one in src/ as in dist/. */
export function repositoryUrl(): URL {
  return new URL('../../../', import.meta.url);
}

/** `{"ready":{"http":…,"otlpGrpc":…,"otlpHttp":…}}`, the promise of every Tocsin that is ready; undefined for any other line. */
export function readReadyLine(line: string): Omit<Tocsin, 'process'> | undefined {
  if (!line.startsWith('{"ready"')) return undefined;
  const { ready } = JSON.parse(line) as { ready: Record<'http' | 'otlpGrpc' | 'otlpHttp', string> };
  const url = (address: string): string => (address.includes('://') ? address : `http://${address}`).replace(/\/$/, '');
  return { httpUrl: url(ready.http), otlpGrpcUrl: url(ready.otlpGrpc), otlpHttpUrl: url(ready.otlpHttp) };
}

async function choosePorts(environment: NodeJS.ProcessEnv): Promise<Record<keyof typeof DEFAULT_PORTS, string>> {
  const [http, grpc, otlpHttp] = await Promise.all(
    Object.entries(DEFAULT_PORTS).map(async ([name, port]) => environment[name] ?? (await findPort(port))),
  );
  return { TOCSIN_HTTP_PORT: String(http), TOCSIN_OTLP_GRPC_PORT: String(grpc), TOCSIN_OTLP_HTTP_PORT: String(otlpHttp) };
}

function carriedOver(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => CARRIED_OVER.includes(name)));
}

function foreign(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('TOCSIN_')));
}
