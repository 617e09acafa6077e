import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { errorAt, hasErrors } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { err, ok, type Result } from '../lib/result.js';
import { readTextFile } from '../lib/fs-text-files.js';
import { readSettings, type LoadedSettings } from './read-settings.js';
import { CONFIG_FILE_VARIABLE } from './settings-environment.js';
import type { Settings } from './settings.js';

const DEFAULT_CONFIG_FILE = 'tocsin.yaml';

/**
 * Reads `tocsin.yaml` of the working directory (or the file that TOCSIN_CONFIG_FILE names) and the environment.
 * Relative paths in either are relative to the working directory.
 */
export async function loadSettings(environment: Readonly<Record<string, string | undefined>> = process.env): Promise<LoadedSettings> {
  const named = environment[CONFIG_FILE_VARIABLE] ?? '';
  const path = named === '' ? DEFAULT_CONFIG_FILE : named;
  if (named === '' && !existsSync(path)) return withFilesChecked(readSettings({ file: undefined, environment, readSecret }));
  const file = await readTextFile(path);
  if (!file.ok) return { settings: undefined, problems: [file.error] };
  return withFilesChecked(readSettings({ file: file.value, environment, readSecret }));
}

function readSecret(path: string): Result<string, string> {
  try {
    return ok(readFileSync(path, 'utf8'));
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

function withFilesChecked(loaded: LoadedSettings): LoadedSettings {
  if (loaded.settings === undefined) return loaded;
  const problems = [...loaded.problems, ...unreadableFiles(loaded.settings)];
  return { settings: hasErrors(problems) ? undefined : loaded.settings, problems };
}

/** Files that are opened only when the first connection comes would fail at the worst moment: look now. */
function unreadableFiles({ access }: Settings): Problem[] {
  const named = [['access.tokensFile', access.tokensFile], ['access.tls.certFile', access.tls?.certFile], ['access.tls.keyFile', access.tls?.keyFile]] as const;
  return named.flatMap(([setting, path]) => {
    if (path === undefined) return [];
    try {
      accessSync(path, constants.R_OK);
      return [];
    } catch (error) {
      return [errorAt({ file: path, line: 1, column: 1 }, 'files/unreadable', { path: setting, message: `this file cannot be read: ${error instanceof Error ? error.message : String(error)}`, hint: 'check the path and its permissions' })];
    }
  });
}
