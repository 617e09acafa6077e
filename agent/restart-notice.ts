import type { AgentConfig } from './config/agent-config.js';

/** What is not taken over while the agent runs, as agent.yaml calls it. */
const AT_START: readonly (readonly [string, (config: AgentConfig) => unknown])[] = [['tls', ({ tls }) => tls], ['user', ({ user }) => user], ['buffer_mib', ({ otlp }) => otlp.bufferBytes]];

/** Which changes wait for the next start, against what the agent was started with: one that was taken back does not wait any more. */
export class RestartNotice {
  readonly #running: AgentConfig;
  #waiting = '';

  constructor(running: AgentConfig) {
    this.#running = running;
  }

  /** In words; undefined where that is no news. */
  news(config: AgentConfig): string | undefined {
    const waiting = AT_START.filter(([, of]) => of(config) !== of(this.#running)).map(([name]) => name).join(', ');
    if (waiting === this.#waiting) return undefined;
    this.#waiting = waiting;
    return waiting === '' ? 'no change waits for the next start any more: the agent runs with what is configured' : `changed, and taken over at the next start only: ${waiting}`;
  }
}
