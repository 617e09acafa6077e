import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { loadedFrom, type AgentFiles, type LoadResult } from './agent-files.js';

const MAX_OUTPUT_BYTES = 16 << 20;
const PROGRAM = fileURLToPath(new URL('./print-agent-files.js', import.meta.url));

/**
 * Reads the configuration in a process of its own, with the rights that the agent has now: what reads and checks YAML would take a fifth of the
 * agent's memory for good, and is wanted for a moment.
 */
export async function loadAgentConfig(named: string | undefined): Promise<LoadResult> {
  const output = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, named === undefined ? [PROGRAM] : [PROGRAM, named], { maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`the configuration could not be read: ${stderr.trim() || error.message}`));
    });
  });
  return loadedFrom(JSON.parse(output) as AgentFiles);
}
