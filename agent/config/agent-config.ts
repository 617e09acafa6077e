import { errorAt, hasErrors, sortProblems, warningAt } from '../../src/lib/problem-codes.js';
import type { Problem } from '../../src/lib/problem.js';
import { validateDocument } from '../../src/lib/validate-document.js';
import { parseYaml, type TextFile, type YamlDocument } from '../../src/lib/yaml-document.js';
import type { AgentPolicy } from '../agent-policy.js';
import { agentSchema, type AgentDocument } from './agent-schema.js';

export interface OtlpSettings {
  readonly endpoint: string;
  readonly protocol: 'grpc' | 'http/protobuf';
  readonly compression: 'gzip' | 'none';
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly headersFile: string | undefined;
  readonly bufferBytes: number;
}

export interface AgentConfig {
  readonly otlp: OtlpSettings;
  /** `otlp.traces.enabled` and `agent.ebpf.network.enabled`. */
  readonly isEnabled: boolean;
  /** `otlp.logs.enabled`: records of what was lost. */
  readonly tellsLosses: boolean;
  readonly tls: boolean;
  readonly policy: AgentPolicy;
  readonly redactionFile: string | undefined;
  /** Whose rights the parser keeps when it was started as root. */
  readonly user: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

export interface LoadedAgentConfig {
  /** Undefined when a problem is an error. */
  readonly config: AgentConfig | undefined;
  readonly problems: readonly Problem[];
}

const DEFAULT_ENDPOINT = 'http://127.0.0.1:4318';
const GRPC_PORT = '4317';
/** What is sent there needs no protection, and compressing it would only cost. */
const ON_THIS_HOST = /^https?:\/\/(?:127\.|localhost[:/]|localhost$|\[::1\])/;
export const DEFAULT_EXCLUDED_PATHS = ['/health', '/healthz', '/ready', '/metrics'] as const;
export const DEFAULT_EXCLUDED_PORTS = [22, 2_379] as const;

/** Reads agent.yaml, or the defaults where there is none; every problem at once. */
export function readAgentConfig(file: TextFile | undefined): LoadedAgentConfig {
  if (file === undefined) return { config: configOf({}), problems: [] };
  const { documents, problems } = parseYaml(file);
  const [document, second] = documents;
  if (problems.length > 0) return { config: undefined, problems };
  if (document === undefined) return { config: configOf({}), problems: [] };
  if (second !== undefined) return { config: undefined, problems: [errorAt(second.at([]), 'agent/invalid-value', { message: 'agent.yaml is one document', hint: 'remove the ---' })] };
  if (typeof document.value !== 'object' || document.value === null || Array.isArray(document.value)) {
    return { config: undefined, problems: [errorAt(document.at([]), 'yaml/not-a-mapping', { message: 'agent.yaml is a mapping of keys', hint: 'begin with otlp: or agent:' })] };
  }
  const read = validateDocument(agentSchema, document, { area: 'agent' });
  if (!read.ok) return { config: undefined, problems: sortProblems(read.error) };
  const found = sortProblems([...contradictions(read.value, document)]);
  return { config: hasErrors(found) ? undefined : configOf(read.value), problems: found };
}

/** What is allowed, but does not do what its author may think. */
function contradictions({ otlp, agent }: AgentDocument, document: YamlDocument): Problem[] {
  const problems: Problem[] = [];
  const warn = (path: string[], message: string, hint: string): void => {
    problems.push(warningAt(document.at(path), 'agent/invalid-value', { path: path.join('.'), message, hint }));
  };
  const database = agent?.database;
  if (database?.capture_parameters === true && database.capture_queries === false) warn(['agent', 'database', 'capture_parameters'], 'parameters are captured, but queries are not', 'set capture_queries to true, or leave this out');
  if (database?.sanitize_queries === false) warn(['agent', 'database', 'sanitize_queries'], 'queries are sent with their values, and Redis commands with their arguments; only redaction rules still apply', 'set it to true unless you need the values');
  if ((agent?.ebpf?.network?.capture_body_bytes ?? 0) > 0) warn(['agent', 'ebpf', 'network', 'capture_body_bytes'], 'bodies are sent as far as redaction rules let them', 'set it to 0 unless you need them');
  if (otlp?.traces?.sample_rate === 0 && otlp.traces.keep_errors !== true && otlp.traces.keep_slower_than === undefined) warn(['otlp', 'traces', 'sample_rate'], 'only traces that others began and sampled are sent', 'set it to 1, or switch keep_errors on');
  for (const key of ['headers', 'headers_file'] as const) if (otlp?.[key] !== undefined && otlp.endpoint?.startsWith('http:') === true && !ON_THIS_HOST.test(otlp.endpoint)) warn(['otlp', key], 'headers, and with them tokens, go over the network in plain text', 'use an https endpoint');
  return problems;
}

function configOf({ otlp = {}, agent = {} }: AgentDocument): AgentConfig {
  const network = agent.ebpf?.network ?? {};
  const traces = otlp.traces ?? {};
  const endpoint = otlp.endpoint ?? DEFAULT_ENDPOINT;
  return {
    otlp: {
      endpoint, protocol: otlp.protocol ?? (new URL(endpoint).port === GRPC_PORT ? 'grpc' : 'http/protobuf'), compression: otlp.compression ?? (ON_THIS_HOST.test(endpoint) ? 'none' : 'gzip'),
      timeoutMs: otlp.timeout ?? 10_000, headers: otlp.headers ?? {}, headersFile: otlp.headers_file, bufferBytes: (otlp.buffer_mib ?? 8) << 20,
    },
    isEnabled: (traces.enabled ?? true) && (network.enabled ?? true),
    tellsLosses: otlp.logs?.enabled ?? true,
    tls: network.tls ?? true,
    policy: policyOf(agent, network, traces),
    redactionFile: agent.redaction_file, user: agent.user ?? 'nobody', logLevel: agent.log_level ?? 'info',
  };
}

type Agent = NonNullable<AgentDocument['agent']>;
type Network = NonNullable<NonNullable<Agent['ebpf']>['network']>;
type Traces = NonNullable<NonNullable<AgentDocument['otlp']>['traces']>;

function policyOf(agent: Agent, network: Network, traces: Traces): AgentPolicy {
  const database = agent.database ?? {};
  return {
    http: network.http ?? true, databases: database.enabled ?? true,
    excludePaths: network.exclude_paths ?? DEFAULT_EXCLUDED_PATHS, excludePorts: network.exclude_ports ?? DEFAULT_EXCLUDED_PORTS, excludeExecutables: network.exclude_executables ?? [],
    captureHeaders: network.capture_headers ?? [], captureBodyBytes: network.capture_body_bytes ?? 0, b3: network.b3 ?? false,
    captureQueries: database.capture_queries ?? true, sanitizeQueries: database.sanitize_queries ?? true,
    maxQueryLength: database.max_query_length ?? 1_024, captureParameters: database.capture_parameters ?? false,
    conventions: agent.semantic_conventions ?? 'current', tracesInstrumented: agent.trace_instrumented ?? false,
    sampling: { rate: traces.sample_rate ?? 1, keepErrors: traces.keep_errors ?? true, keepSlowerThanNs: traces.keep_slower_than === undefined ? undefined : traces.keep_slower_than * 1e6 },
  };
}
