import type { Timing } from './timing.js';

/** One Redis command and its reply. */
export interface RedisExchange extends Timing {
  readonly protocol: 'redis';
  /** In capitals, with its subcommand where it has one: `GET`, `CONFIG GET`. */
  readonly command: string;
  readonly argumentCount: number;
  /** The arguments behind the command; empty unless asked for. */
  readonly arguments: readonly string[];
  /** The database selected on this connection; undefined where that is not known. */
  readonly database: number | undefined;
  /** First word of an error reply: `WRONGTYPE`, `ERR`. */
  errorPrefix: string | undefined;
}
