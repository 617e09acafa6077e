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
import { readAgentConfig } from './agent-config.js';
import { DEFAULT_CONFIG_FILE, namedFiles, type AgentFiles } from './agent-files.js';
import { otlpHeadersOf } from './otlp-headers.js';

/** Reads agent.yaml (or the file that was named) and the files that it names. */
export async function readAgentFiles(named: string | undefined): Promise<AgentFiles> {
  const path = named ?? DEFAULT_CONFIG_FILE;
  const isThere = named !== undefined || existsSync(path);
  const file = isThere ? await readTextFile(path) : undefined;
  if (file?.ok === false) return { read: undefined, problems: [file.error], named: [] };
  const { config, problems } = readAgentConfig(file?.value);
  if (config === undefined) return { read: undefined, problems, named: [] };
  const found: Problem[] = [...problems];
  const policies = await policiesFrom(config.redactionFile, found);
  const headers = { ...config.otlp.headers, ...(await headersFrom(config.otlp.headersFile, found)) };
  return { read: hasErrors(found) ? undefined : { config, policies, headers }, problems: sortProblems(found), named: namedFiles(config) };
}

/** The rules that are shipped for ingest, and the operator's own before them. */
async function policiesFrom(own: string | undefined, problems: Problem[]): Promise<readonly RedactionPolicy[]> {
  const shipped = await readPolicies(join(installationRoot(), 'rules', 'redaction.yaml'), problems);
  const policies = withDefaults(own === undefined ? [] : await readPolicies(own, problems), shipped);
  problems.push(...compileRedaction(policies).problems);
  return policies;
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

async function headersFrom(path: string | undefined, problems: Problem[]): Promise<Record<string, string>> {
  if (path === undefined) return {};
  const file = await readTextFile(path);
  if (file.ok) return otlpHeadersOf(file.value, problems);
  problems.push(file.error);
  return {};
}
