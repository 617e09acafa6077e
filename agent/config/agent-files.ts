import type { RedactionPolicy } from '../../src/config/redaction.js';
import { compileRedaction } from '../../src/ingest/redact-compile.js';
import type { Problem } from '../../src/lib/problem.js';
import { redactorOf, type Redactor } from '../redaction.js';
import type { AgentConfig } from './agent-config.js';

export const DEFAULT_CONFIG_FILE = 'agent.yaml';

/** What agent.yaml and the files that it names say. Plain data, so that another process can read them. */
export interface AgentFiles {
  /** Undefined when a problem is an error. */
  readonly read: {
    readonly config: AgentConfig;
    readonly policies: readonly RedactionPolicy[];
    /** Headers of `otlp.headers` and of the file. */
    readonly headers: Readonly<Record<string, string>>;
  } | undefined;
  readonly problems: readonly Problem[];
  /** Files that agent.yaml names, also where it is refused. */
  readonly named: readonly string[];
}

export interface LoadedAgent {
  readonly config: AgentConfig;
  readonly redactor: Redactor;
  readonly headers: Readonly<Record<string, string>>;
}

export interface LoadResult {
  readonly loaded: LoadedAgent | undefined;
  readonly problems: readonly Problem[];
  readonly named: readonly string[];
}

export function namedFiles({ redactionFile, otlp: { headersFile } }: AgentConfig): readonly string[] {
  return [redactionFile, headersFile].filter((path) => path !== undefined);
}

export function loadedFrom({ read, problems, named }: AgentFiles): LoadResult {
  if (read === undefined) return { loaded: undefined, problems, named };
  const { config, policies, headers } = read;
  return { loaded: { config, headers, redactor: redactorOf(compileRedaction(policies).redaction) }, problems, named };
}
