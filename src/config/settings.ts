import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import type { LinkTemplate } from './link-template.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** From the first day of the week of ISO 8601 on. */
export const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Everything an operator may set about the service itself. Frozen; built by read-settings.ts from tocsin.yaml and the environment. */
export interface Settings {
  readonly http: { readonly host: string; readonly port: number };
  readonly otlp: {
    readonly host: string;
    readonly grpcPort: number;
    readonly httpPort: number;
    /** What one sender may hold of the room that the others leave, above 0 and up to 1. */
    readonly senderShare: number;
  };
  readonly dataDir: string;
  readonly rulesDir: string;
  readonly runbooksDir: string;
  /** Base of every link in messages, without a slash at the end. Undefined: `publicUrlOf` derives it from the bound address. */
  readonly publicUrl: string | undefined;
  readonly slack: {
    /** Bot token; Slack is off without it. */
    readonly token: string | undefined;
    readonly signingSecret: string | undefined;
    /** `xapp-…`: buttons by Socket Mode. */
    readonly appToken: string | undefined;
    /** Ends with a slash. Undefined: what routing.yaml says, else Slack's own. */
    readonly apiUrl: string | undefined;
    /** Sends everything here, whatever routing.yaml says: for trying Tocsin out. Undefined: routing.yaml decides. */
    readonly channel: string | undefined;
  };
  /** Where URLs may lead that come in from outside, though it is not the public internet. */
  readonly allowInternalTargets: readonly string[];
  readonly redaction: {
    /** Holds the key that redaction rules of mode `hash` need. */
    readonly keyFile: string | undefined;
  };
  /** The weekly report on the quality of the traces. */
  readonly qualityReport: {
    /** Where its summary goes; undefined: nowhere. */
    readonly slackChannel: string | undefined;
    readonly day: Weekday;
    /** 0 to 23, in `timeZone`. */
    readonly hour: number;
    readonly timeZone: string;
    /** What storing a million spans costs, in any currency. Undefined: no cost is shown. */
    readonly pricePerMillionSpans: number | undefined;
  };
  /** From a span to what other tools know of it. */
  readonly links: readonly LinkTemplate[];
  /** Attributes that hold the id of a user. */
  readonly userAttributes: readonly string[];
  readonly store: 'duckdb';
  readonly evaluationIntervalMs: number;
  readonly hotRetentionMs: number;
  /** Where traces go from the hot store: `file:` and a directory, or `s3://bucket/prefix`, where `?kmsKeyId=…` encrypts. Undefined: `archive` in the data directory. */
  readonly archiveUrl: string | undefined;
  readonly access: {
    /** Undefined: open, which is allowed on loopback only. */
    readonly tokensFile: string | undefined;
    readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
    /** The operator declares that a proxy in front ends TLS. */
    readonly behindProxy: boolean;
  };
  readonly logLevel: LogLevel;
  /** From OTEL_EXPORTER_OTLP_ENDPOINT: where Tocsin sends its own traces. Undefined: nowhere. */
  readonly selfTracingEndpoint: string | undefined;
}

export const DEFAULT_HTTP_PORT = 4400;
export const DEFAULT_OTLP_GRPC_PORT = 4317;
export const DEFAULT_OTLP_HTTP_PORT = 4318;
/** Half: a noisy sender leaves as much as it takes; several leave less, but never nothing. */
export const DEFAULT_OTLP_SENDER_SHARE = 0.5;
export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_REPORT_HOUR = 9;
export const DEFAULT_EVALUATION_INTERVAL_MS = 5 * SECOND_MS;
/** Then they go into the archive. */
export const DEFAULT_HOT_RETENTION_MS = 6 * HOUR_MS;
export const MIN_HOT_RETENTION_MS = 15 * MINUTE_MS;
export const MIN_EVALUATION_INTERVAL_MS = 100;
export const MAX_EVALUATION_INTERVAL_MS = 5 * MINUTE_MS;

/** The base of links: what the operator says, else the address that the pages are bound to (`port` as chosen for port 0). */
export function publicUrlOf(settings: Settings, port: number = settings.http.port): string {
  if (settings.publicUrl !== undefined) return settings.publicUrl;
  const scheme = settings.access.tls === undefined ? 'http' : 'https';
  const { host } = settings.http;
  // A wildcard address is no place to link to; from this machine the loopback address is.
  const reachable = host === '0.0.0.0' || host === '::' ? DEFAULT_HOST : host;
  return `${scheme}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
