import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readTextDirectory, readTextFile } from '../lib/fs-text-files.js';
import { sortProblems } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import type { TextFile } from '../lib/yaml-document.js';
import { loadRules } from './load-rules.js';
import type { RuleSet } from './rule-set.js';

export const RULE_FILE = /\.ya?ml$/i;
const ROUTING_FILE = /^routing\.ya?ml$/i;
/** The shipped presets stand in where a rules directory defines none of its own. */
const DEFINES_PRESET = /\bpresetFor["']?\s*:/;

export interface LoadedRulesDirectory {
  readonly rules: RuleSet;
  /** `routing.yaml`, for parseRouting of stage notify; undefined where there is none. */
  readonly routing: TextFile | undefined;
  readonly problems: readonly Problem[];
}

/** Reads every `*.yaml` and `*.yml` of the directory, sorted by name. */
export async function loadRulesDirectory(directory: string): Promise<LoadedRulesDirectory> {
  const read = await readTextDirectory(directory, RULE_FILE);
  const routing = read.files.find((file) => ROUTING_FILE.test(basename(file.path)));
  const files = read.files.filter((file) => file !== routing);
  const hasPresets = files.some((file) => DEFINES_PRESET.test(file.text));
  const loaded = loadRules(hasPresets ? files : [await shippedPresets(), ...files]);
  return { rules: loaded.rules, routing, problems: sortProblems([...read.problems, ...loaded.problems]) };
}

/** The `rules/windows.yaml` of the installation (the same two steps up from `src/config` and from `dist/config`). */
export async function shippedPresets(): Promise<TextFile> {
  const path = fileURLToPath(new URL('../../rules/windows.yaml', import.meta.url));
  const file = await readTextFile(path);
  if (!file.ok) throw new Error(`the installation is damaged: ${file.error.message} (${path})`);
  return file.value;
}
