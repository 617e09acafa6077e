import { execFile } from 'node:child_process';
import { formatProblem } from '../src/lib/problem.js';
import { loadAgentConfig } from './config/system-agent-config.js';
import { loaderPath } from './fs-installation.js';
import { AgentLog } from './system-log.js';
import { RunningAgent } from './system-agent.js';
import { isLoaderBuilt } from './system-loader.js';
import { troubleWithUser } from './system-privileges.js';

const FINE = 0;
const NO = 1;
const COULD_NOT_RUN = 2;
const NOT_BUILT = 'tocsin agent: the loader is not built. Run `npm run build:agent`; it names the packages it needs.\n';
const MAX_DOCTOR_BYTES = 1 << 20;

/** `tocsin agent`. Resolves with the exit code. */
export async function runAgent({ configFile }: { readonly configFile: string | undefined }): Promise<number> {
  const { loaded, problems } = await loadAgentConfig(configFile);
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`);
  if (loaded === undefined) {
    process.stderr.write('tocsin agent: not started, because of the problems above.\n');
    return COULD_NOT_RUN;
  }
  if (!loaded.config.isEnabled) {
    process.stderr.write('tocsin agent: switched off by its configuration (otlp.traces.enabled, agent.ebpf.network.enabled).\n');
    return FINE;
  }
  if (!isLoaderBuilt()) {
    process.stderr.write(NOT_BUILT);
    return COULD_NOT_RUN;
  }
  const trouble = troubleWithUser(loaded.config.user);
  if (trouble !== undefined) {
    process.stderr.write(`tocsin agent: ${trouble}\n`);
    return COULD_NOT_RUN;
  }
  const log = new AgentLog(loaded.config.logLevel, (line) => process.stderr.write(line));
  const stopped = new Promise<'stop'>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve('stop'));
  });
  const agent = await RunningAgent.start({ configFile, loaded, log, onReady: (hello) => ready(hello, loaded.config.otlp.endpoint) });
  const first = await Promise.race([stopped, agent.ended]);
  await agent.stop();
  if (first === 'stop') return FINE;
  process.stderr.write(endText(first));
  return COULD_NOT_RUN;
}

function ready(hello: unknown, endpoint: string): void {
  process.stdout.write(`${JSON.stringify({ ready: { agent: hello } })}\n`);
  process.stderr.write(`tocsin agent: running, spans go to ${endpoint}\n`);
}

function endText({ code, signal, broken }: Awaited<RunningAgent['ended']>): string {
  if (broken !== undefined) return `tocsin agent: the loader cannot be understood: ${broken.message}\n`;
  if (code === NO) {
    const hint = process.getuid?.() === 0 ? '' : ' Start it as root, or give the loader CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH (docs/agent.md).';
    return `tocsin agent: the kernel or the rights do not allow it.${hint} \`tocsin agent doctor\` says what is missing.\n`;
  }
  return `tocsin agent: the loader ended (${signal ?? `exit code ${code ?? '?'}`}). No probe is left behind.\n`;
}

/** `tocsin agent doctor`. */
export async function runDoctor({ json }: { readonly json: boolean }): Promise<number> {
  if (!isLoaderBuilt()) {
    process.stderr.write(NOT_BUILT);
    return COULD_NOT_RUN;
  }
  // What it needs is more than the agent has.
  const { doctorLines, readDoctor } = await import('./doctor.js');
  const output = await new Promise<string>((resolve) => {
    execFile(loaderPath(), ['doctor'], { maxBuffer: MAX_DOCTOR_BYTES }, (_error, stdout) => resolve(stdout));
  });
  const doctor = readDoctor(output);
  if (doctor === undefined) {
    process.stderr.write('tocsin agent doctor: the loader gave no answer that can be read.\n');
    return COULD_NOT_RUN;
  }
  process.stdout.write(json ? `${JSON.stringify(doctor, null, 2)}\n` : `${doctorLines(doctor, { isRoot: process.getuid?.() === 0 }).join('\n')}\n`);
  return doctor.ok ? FINE : NO;
}
