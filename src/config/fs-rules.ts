import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readTextDirectory, readTextFile } from '../lib/fs-text-files.js';
import { sortProblems } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import type { TextFile } from '../lib/yaml-document.js';
import { loadRules, type LoadedRules } from './load-rules.js';
import { replacesDefaults, withDefaults } from './redaction-defaults.js';
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
  const { rules, problems } = await withShippedRedaction(loaded);
  return { rules, routing, problems: sortProblems([...read.problems, ...problems]) };
}

async function withShippedRedaction({ rules, problems }: LoadedRules): Promise<LoadedRules> {
  if (replacesDefaults(rules.redactions)) return { rules, problems };
  const file = await readTextFile(shippedPath('redaction.yaml'));
  // Somebody who deletes the file of a checkout wants less redaction, and must not get none by mistake.
  if (!file.ok) return { rules, problems: [...problems, { ...file.error, hint: 'restore this file; to switch redaction off, write a Redaction called defaults with enabled: false' }] };
  const shipped = loadRules([file.value]);
  return { rules: { ...rules, redactions: withDefaults(rules.redactions, shipped.rules.redactions) }, problems: [...problems, ...shipped.problems] };
}

/** The `rules/windows.yaml` of the installation (the same two steps up from `src/config` and from `dist/config`). */
export async function shippedPresets(): Promise<TextFile> {
  const path = shippedPath('windows.yaml');
  const file = await readTextFile(path);
  if (!file.ok) throw new Error(`the installation is damaged: ${file.error.message} (${path})`);
  return file.value;
}

function shippedPath(name: string): string {
  return fileURLToPath(new URL(`../../rules/${name}`, import.meta.url));
}
