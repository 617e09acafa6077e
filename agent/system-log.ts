/** As in `agent.log_level`, with the numbers of the service's log. */
const LEVELS = { debug: 20, info: 30, warn: 40, error: 50 } as const;
export type LogLevel = keyof typeof LEVELS;

/** One line of JSON for each message, in the form of the service's log, whose library is larger than the agent. */
export class AgentLog {
  #least: number;
  readonly #write: (line: string) => void;

  constructor(level: LogLevel, write: (line: string) => void) {
    this.#least = LEVELS[level];
    this.#write = write;
  }

  useLevel(level: LogLevel): void {
    this.#least = LEVELS[level];
  }

  debug(fields: object, message: string): void {
    this.#log('debug', fields, message);
  }

  info(fields: object, message: string): void {
    this.#log('info', fields, message);
  }

  warn(fields: object, message: string): void {
    this.#log('warn', fields, message);
  }

  #log(level: LogLevel, fields: object, message: string): void {
    if (LEVELS[level] >= this.#least) this.#write(`${JSON.stringify({ level: LEVELS[level], time: Date.now(), ...fields, msg: message })}\n`);
  }
}
