import { readTextDirectory } from '../lib/fs-text-files.js';
import { sortProblems } from '../lib/problem-codes.js';
import { loadRunbooks, type LoadedRunbooks } from './load-runbooks.js';
import { RUNBOOK_FILE } from './runbook.js';

/** Reads every `*.md` of the directory, sorted by name. `README.md` is for people and left out. */
export async function loadRunbooksDirectory(directory: string): Promise<LoadedRunbooks> {
  const read = await readTextDirectory(directory, RUNBOOK_FILE);
  const loaded = loadRunbooks(read.files.filter((file) => !/(?:^|[/\\])readme\.md$/i.test(file.path)));
  return { runbooks: loaded.runbooks, problems: sortProblems([...read.problems, ...loaded.problems]) };
}
