import { setFlagsFromString } from 'node:v8';
import { CouldNotRun, type Command } from './command.js';

/** What the agent's program offers; it is its own program and shares no module with the service, so it is loaded by its path. */
interface AgentProgram {
  readonly runAgent: (options: { readonly configFile: string | undefined }) => Promise<number>;
  readonly runDoctor: (options: { readonly json: boolean }) => Promise<number>;
}

/**
 * Set before the agent is loaded, because what has grown never shrinks. The space for young objects would grow to 48 MiB under load; it stays at the 3 MiB that it begins with, and is
 * cleaned by one thread: more only wait for each other. `expose-gc`: agent/system-memory.ts.
 */
const MEMORY_FLAGS = ['--semi-space-growth-factor=1', '--heap-growing-percent=30', '--no-parallel-scavenge', '--expose-gc'];

export const agentCommand: Command = {
  usage: '[doctor] [--config FILE] [--json]',
  takesArguments: true,
  options: { config: { type: 'string' }, json: { type: 'boolean' } },
  help: [
    ['doctor', 'say what this kernel and these rights allow, and what is therefore invisible; exit code 1 where the agent cannot run'],
    ['--config FILE', 'the configuration, default ./agent.yaml where there is one; docs/agent-configuration.md lists its keys'],
    ['--json', 'with doctor: as JSON'],
    ['', 'Needs root, or a loader with capabilities, and `npm run build:agent` once. What parses gives up its rights.'],
  ],
  async run({ values, positionals }) {
    const [word, more] = positionals;
    if ((word !== undefined && word !== 'doctor') || more !== undefined) throw new CouldNotRun(`agent takes no "${more ?? word ?? ''}". \`tocsin agent --help\` says what it takes`);
    if (word === 'doctor' && values['config'] !== undefined) throw new CouldNotRun('agent doctor takes no --config: what this kernel and these rights allow does not depend on it');
    if (word === undefined && values['json'] === true) throw new CouldNotRun('agent takes --json only with doctor');
    for (const flag of MEMORY_FLAGS) setFlagsFromString(flag);
    const program = (await import(new URL('../agent/agent/main.js', import.meta.url).href)) as AgentProgram;
    return word === 'doctor' ? program.runDoctor({ json: values['json'] === true }) : program.runAgent({ configFile: values['config'] as string | undefined });
  },
};
