import { isLoopbackHost } from '../access/loopback.js';
import { closest } from '../lib/closest.js';
import { deepFreeze } from '../lib/deep-freeze.js';
import { errorAt, hasErrors, sortProblems, warningAt } from '../lib/problem-codes.js';
import type { Location, Problem } from '../lib/problem.js';
import type { Result } from '../lib/result.js';
import { validateDocument, type LocatedValue } from '../lib/validate-document.js';
import { formatPath, parseYaml, valueAt, type DocumentPath, type TextFile } from '../lib/yaml-document.js';
import { CONFIG_FILE_VARIABLE, ENVIRONMENT, unknownVariables } from './settings-environment.js';
import { settingsFileSchema, slackTokenSchema, type SettingsFile } from './settings-schema.js';
import * as defaults from './settings.js';
import type { Settings } from './settings.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface SettingsSource {
  /** tocsin.yaml; undefined where there is none. */
  readonly file: TextFile | undefined;
  readonly environment: Environment;
  /** Reads a file that holds one secret; the error is the reason in words. */
  readonly readSecret: (path: string) => Result<string, string>;
}

export interface LoadedSettings {
  /** Undefined when a problem is an error. */
  readonly settings: Settings | undefined;
  readonly problems: readonly Problem[];
}

/** OpenTelemetry semantic conventions 1.44.0: `user.*` and `enduser.*`. */
const USER_ATTRIBUTES = ['user.id', 'enduser.id'];
const ENVIRONMENT_AT: Location = { file: 'environment', line: 1, column: 1 };

/** Merges defaults, tocsin.yaml and the environment (which wins), and says everything that is wrong with them at once. */
export function readSettings(source: SettingsSource): LoadedSettings {
  const problems: Problem[] = [];
  const { document, written } = readFile(source.file, problems);
  const environment = readEnvironment(source.environment, problems);
  const origins = new Origins(document, source.environment);
  const merged: SettingsFile = mergeRecords(written ?? {}, environment);
  const secrets = readSecrets(merged, { source, origins, problems });
  const settings = settle(merged, secrets, source.environment);
  // With a broken file half of the settings is unknown: judging the rest would accuse the operator of what is not so.
  if (written !== undefined) problems.push(...tlsProblems(merged, origins), ...networkProblems(settings, origins));
  return { settings: hasErrors(problems) ? undefined : deepFreeze(settings), problems: sortProblems(problems) };
}

function readFile(file: TextFile | undefined, problems: Problem[]): { document: LocatedValue | undefined; written: SettingsFile | undefined } {
  if (file === undefined) return { document: undefined, written: {} };
  const parsed = parseYaml(file);
  problems.push(...parsed.problems);
  const [document, second] = parsed.documents;
  if (second !== undefined) problems.push(errorAt(second.at([]), 'settings/invalid-value', { message: 'the settings are one document, this is a second one', hint: 'remove the ---' }));
  if (document === undefined) return { document, written: parsed.problems.length === 0 ? {} : undefined };
  const checked = validateDocument(settingsFileSchema, document, { area: 'settings' });
  if (checked.ok) return { document, written: checked.value };
  problems.push(...checked.error);
  return { document, written: undefined };
}

/** The variables as the nested form of tocsin.yaml; an empty variable counts as not set, a wrong one is reported and left out. */
function readEnvironment(environment: Environment, problems: Problem[]): SettingsFile {
  problems.push(...unknownVariables(environment).map(unknownVariable));
  const checked = checkVariables(environment);
  if (checked.ok) return checked.value;
  const wrong = checked.error.map((problem) => ({ ...problem, path: variableOf(problem.path), hint: problem.hint.startsWith('put quotes') ? '' : problem.hint }));
  problems.push(...wrong);
  const names = new Set(wrong.map((problem) => problem.path));
  const rest = checkVariables(Object.fromEntries(Object.entries(environment).filter(([name]) => !names.has(name))));
  return rest.ok ? rest.value : {};
}

function checkVariables(environment: Environment): Result<SettingsFile, Problem[]> {
  const value: Record<string, unknown> = {};
  for (const [name, { path, kind }] of Object.entries(ENVIRONMENT)) {
    const text = environment[name];
    if (text === undefined || text === '' || kind === 'secret') continue;
    setAt(value, path, kind === 'number' ? numberOrText(text) : kind === 'true or false' ? booleanOrText(text) : text);
  }
  return validateDocument(settingsFileSchema, { value, at: () => ENVIRONMENT_AT, atKey: () => ENVIRONMENT_AT }, { area: 'settings' });
}

function unknownVariable(name: string): Problem {
  const near = closest(name, [...Object.keys(ENVIRONMENT), CONFIG_FILE_VARIABLE]);
  return errorAt(ENVIRONMENT_AT, 'settings/unknown-key', { path: name, message: `there is no setting ${name}`, hint: near === undefined ? 'docs/configuration.md lists them' : `did you mean ${near}?` });
}

function variableOf(path: string): string {
  return Object.entries(ENVIRONMENT).find(([, entry]) => formatPath(entry.path) === path)?.[0] ?? path;
}

function numberOrText(text: string): number | string {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

function booleanOrText(text: string): boolean | string {
  return text === 'true' ? true : text === 'false' ? false : text;
}

function setAt(target: Record<string, unknown>, path: DocumentPath, value: unknown): void {
  const [step, ...rest] = path.map(String);
  if (step === undefined) return;
  if (rest.length === 0) target[step] = value;
  else setAt((target[step] ??= {}) as Record<string, unknown>, rest, value);
}

function mergeRecords(below: Readonly<Record<string, unknown>>, above: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = merged[key];
    merged[key] = isRecord(value) && isRecord(under) ? mergeRecords(under, value) : value;
  }
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Knows who said what, so that a problem about the merged settings points at the right place. */
class Origins {
  readonly #document: LocatedValue | undefined;
  readonly #environment: Environment;

  constructor(document: LocatedValue | undefined, environment: Environment) {
    this.#document = document;
    this.#environment = environment;
  }

  of(path: DocumentPath): { at: Location; path: string } {
    const name = variableOf(formatPath(path));
    const isInFile = this.#document !== undefined && valueAt(this.#document.value, path) !== undefined;
    if (this.#document !== undefined && isInFile && (this.#environment[name] ?? '') === '') return { at: this.#document.at(path), path: formatPath(path) };
    return { at: ENVIRONMENT_AT, path: name };
  }
}

interface Secrets {
  readonly token: string | undefined;
  readonly signingSecret: string | undefined;
  readonly appToken: string | undefined;
}

interface SecretContext {
  readonly source: SettingsSource;
  readonly origins: Origins;
  readonly problems: Problem[];
}

function readSecrets(merged: SettingsFile, context: SecretContext): Secrets {
  return {
    token: readSecret({ variable: 'TOCSIN_SLACK_TOKEN', key: 'tokenFile', file: merged.slack?.tokenFile }, context),
    signingSecret: readSecret({ variable: 'TOCSIN_SLACK_SIGNING_SECRET', key: 'signingSecretFile', file: merged.slack?.signingSecretFile }, context),
    appToken: readSecret({ variable: 'TOCSIN_SLACK_APP_TOKEN', key: 'appTokenFile', file: merged.slack?.appTokenFile }, context),
  };
}

function readSecret({ variable, key, file }: { variable: string; key: string; file: string | undefined }, { source, origins, problems }: SecretContext): string | undefined {
  const inEnvironment = source.environment[variable] ?? '';
  if (inEnvironment === '' && file === undefined) return undefined;
  const origin = inEnvironment === '' ? origins.of(['slack', key]) : { at: ENVIRONMENT_AT, path: variable };
  const read = inEnvironment === '' && file !== undefined ? source.readSecret(file) : { ok: true as const, value: inEnvironment };
  if (!read.ok) {
    problems.push(errorAt(origin.at, 'files/unreadable', { path: origin.path, message: `the secret file "${file ?? ''}" cannot be read: ${read.error}`, hint: 'check the path and its permissions' }));
    return undefined;
  }
  const checked = slackTokenSchema.safeParse(read.value.trim());
  if (checked.success) return checked.data;
  problems.push(errorAt(origin.at, 'settings/invalid-value', { path: origin.path, message: 'this secret is empty or holds spaces or line breaks', hint: 'it is one word, like xoxb-…' }));
  return undefined;
}

function settle(merged: SettingsFile, secrets: Secrets, environment: Environment): Settings {
  const { certFile, keyFile } = merged.access?.tls ?? {};
  const endpoint = environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? environment['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
  return {
    http: { host: merged.http?.host ?? defaults.DEFAULT_HOST, port: merged.http?.port ?? defaults.DEFAULT_HTTP_PORT },
    otlp: {
      host: merged.otlp?.host ?? defaults.DEFAULT_HOST,
      grpcPort: merged.otlp?.grpcPort ?? defaults.DEFAULT_OTLP_GRPC_PORT,
      httpPort: merged.otlp?.httpPort ?? defaults.DEFAULT_OTLP_HTTP_PORT,
      senderShare: merged.otlp?.senderShare ?? defaults.DEFAULT_OTLP_SENDER_SHARE,
    },
    dataDir: merged.dataDir ?? './data',
    rulesDir: merged.rulesDir ?? './rules',
    runbooksDir: merged.runbooksDir ?? './runbooks',
    publicUrl: merged.publicUrl,
    slack: { ...secrets, apiUrl: merged.slack?.apiUrl, channel: merged.slack?.channel },
    allowInternalTargets: merged.allowInternalTargets ?? [],
    redaction: { keyFile: merged.redaction?.keyFile },
    qualityReport: {
      slackChannel: merged.qualityReport?.slackChannel, day: merged.qualityReport?.day ?? 'monday', hour: merged.qualityReport?.hour ?? defaults.DEFAULT_REPORT_HOUR,
      timeZone: merged.qualityReport?.timeZone ?? 'UTC', pricePerMillionSpans: merged.qualityReport?.pricePerMillionSpans,
    },
    links: merged.links ?? [],
    userAttributes: merged.userAttributes ?? USER_ATTRIBUTES,
    store: 'duckdb',
    evaluationIntervalMs: merged.evaluationInterval ?? defaults.DEFAULT_EVALUATION_INTERVAL_MS,
    hotRetentionMs: merged.hotRetention ?? defaults.DEFAULT_HOT_RETENTION_MS,
    archiveUrl: merged.archiveUrl,
    access: {
      tokensFile: merged.access?.tokensFile,
      tls: certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile },
      behindProxy: merged.access?.behindProxy ?? false,
    },
    logLevel: merged.logLevel ?? 'info',
    selfTracingEndpoint: endpoint === '' || environment['OTEL_SDK_DISABLED'] === 'true' ? undefined : endpoint,
  };
}

function tlsProblems(merged: SettingsFile, origins: Origins): Problem[] {
  const { certFile, keyFile } = merged.access?.tls ?? {};
  if ((certFile === undefined) === (keyFile === undefined)) return [];
  const given = certFile === undefined ? 'keyFile' : 'certFile';
  const missing = certFile === undefined ? 'certFile (TOCSIN_TLS_CERT_FILE)' : 'keyFile (TOCSIN_TLS_KEY_FILE)';
  const origin = origins.of(['access', 'tls', given]);
  return [errorAt(origin.at, 'settings/missing-key', { path: origin.path, message: `TLS needs a certificate and its key; ${missing} is missing`, hint: 'set both or neither' })];
}

/** semantics.md, "Access": anything that other machines can reach needs TLS (or a declared proxy) and tokens. */
function networkProblems(settings: Settings, origins: Origins): Problem[] {
  const { access } = settings;
  const missing = [
    ...(access.tls === undefined && !access.behindProxy ? ['TLS (TOCSIN_TLS_CERT_FILE and TOCSIN_TLS_KEY_FILE), or access.behindProxy: true when a proxy in front ends TLS'] : []),
    ...(access.tokensFile === undefined ? ['tokens (TOCSIN_TOKENS_FILE)'] : []),
  ];
  const problems: Problem[] = [];
  for (const section of ['http', 'otlp'] as const) {
    const { host } = settings[section];
    if (isLoopbackHost(host) || missing.length === 0) continue;
    const origin = origins.of([section, 'host']);
    problems.push(errorAt(origin.at, 'settings/open-to-the-network', { path: origin.path, message: `"${host}" can be reached from other machines, which needs ${missing.join(' and ')}`, hint: `set ${missing.length === 1 ? 'it' : 'them'}, or bind to ${defaults.DEFAULT_HOST}` }));
  }
  if (!isLoopbackHost(settings.http.host) && settings.publicUrl === undefined) {
    const origin = origins.of(['http', 'host']);
    problems.push(warningAt(origin.at, 'settings/public-url-missing', { path: origin.path, message: `links in messages would begin with ${defaults.publicUrlOf(settings)}`, hint: 'set publicUrl (TOCSIN_PUBLIC_URL) to the address that people use' }));
  }
  return problems;
}
