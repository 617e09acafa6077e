import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { withDefaults } from '../../src/config/redaction-defaults.js';
import { readRedaction } from '../../src/config/redaction-rules.js';
import { redactionSchema } from '../../src/config/redaction-schema.js';
import type { RedactionPolicy } from '../../src/config/redaction.js';
import { compileRedaction } from '../../src/ingest/redact-compile.js';
import { readTextFile } from '../../src/lib/fs-text-files.js';
import { hasErrors, sortProblems } from '../../src/lib/problem-codes.js';
import type { Problem } from '../../src/lib/problem.js';
import { validateDocument } from '../../src/lib/validate-document.js';
import { parseYaml } from '../../src/lib/yaml-document.js';
import { installationRoot } from '../fs-installation.js';
import { redactorOf, type RedactAttributes } from '../redaction.js';
import { readAgentConfig, type AgentConfig } from './agent-config.js';

export const DEFAULT_CONFIG_FILE = 'agent.yaml';

export interface LoadedAgent {
  readonly config: AgentConfig;
  readonly redact: RedactAttributes;
  /** Headers of `otlp.headers` and of the file. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface LoadResult {
  readonly loaded: LoadedAgent | undefined;
  readonly problems: readonly Problem[];
}

/** Reads agent.yaml (or the file that was named) and the files that it names. */
export async function loadAgentConfig(named: string | undefined): Promise<LoadResult> {
  const path = named ?? DEFAULT_CONFIG_FILE;
  const isThere = named !== undefined || existsSync(path);
  const file = isThere ? await readTextFile(path) : undefined;
  if (file?.ok === false) return { loaded: undefined, problems: [file.error] };
  const { config, problems } = readAgentConfig(file?.value);
  if (config === undefined) return { loaded: undefined, problems };
  const found: Problem[] = [...problems];
  const redact = await redactorFrom(config.redactionFile, found);
  const headers = { ...config.otlp.headers, ...(await headersFrom(config.otlp.headersFile, found)) };
  return { loaded: hasErrors(found) ? undefined : { config, redact, headers }, problems: sortProblems(found) };
}

/** The rules that are shipped for ingest, and the operator's own before them. */
async function redactorFrom(own: string | undefined, problems: Problem[]): Promise<RedactAttributes> {
  const shipped = await readPolicies(join(installationRoot(), 'rules', 'redaction.yaml'), problems);
  const policies = withDefaults(own === undefined ? [] : await readPolicies(own, problems), shipped);
  const compiled = compileRedaction(policies);
  problems.push(...compiled.problems);
  return redactorOf(compiled.redaction);
}

async function readPolicies(path: string, problems: Problem[]): Promise<RedactionPolicy[]> {
  const file = await readTextFile(path);
  if (!file.ok) {
    problems.push(file.error);
    return [];
  }
  const parsed = parseYaml(file.value);
  problems.push(...parsed.problems);
  return parsed.documents.flatMap((source) => {
    const read = validateDocument(redactionSchema, source, { area: 'rules' });
    if (read.ok) return [readRedaction({ content: read.value, source }, problems)];
    problems.push(...read.error);
    return [];
  });
}

/** `Name: value` lines, for tokens that do not belong into a configuration file. */
async function headersFrom(path: string | undefined, problems: Problem[]): Promise<Record<string, string>> {
  if (path === undefined) return {};
  const file = await readTextFile(path);
  if (!file.ok) {
    problems.push(file.error);
    return {};
  }
  return Object.fromEntries(file.value.text.split('\n').flatMap((line) => {
    const colon = line.indexOf(':');
    return colon > 0 ? [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]] : [];
  }));
}
