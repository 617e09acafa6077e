import { ConnectionCache } from './connection-cache.js';
import type { ProtobufWriter } from './otlp/protobuf-writer.js';
import type { RedisExchange } from './protocols/redis-exchange.js';
import type { AttributePolicy } from './attribute-policy.js';
import { databaseEndsOf } from './span-ends.js';
import type { SpanNode } from './span-node.js';
import type { Wording, Written } from './wording.js';

/** Commands that are remembered: what a client sends as a command may be anything. */
const MAX_COMMANDS = 512;
/** Arguments that are shown as `?`; of further ones nobody learns anything. */
const MAX_MARKS = 16;

interface Ends {
  readonly database: number | undefined;
  readonly written: Written;
}

interface Command {
  readonly name: Uint8Array;
  /** By how many arguments are shown. */
  readonly written: (Written | undefined)[];
}

/** Redis spans by the semantic conventions 1.44. */
export class RedisDescriber {
  readonly #wording: Wording;
  readonly #policy: AttributePolicy;
  readonly #ends = new ConnectionCache<Ends>();
  readonly #commands = new Map<string, Command>();

  constructor(wording: Wording, policy: AttributePolicy) {
    this.#wording = wording;
    this.#policy = policy;
  }

  write(writer: ProtobufWriter, node: SpanNode, exchange: RedisExchange): void {
    const command = this.#command(exchange.command);
    writer.raw(command.name);
    this.#wording.put(writer, this.#endsOf(node, exchange.database));
    this.#wording.put(writer, this.#text(command, exchange));
    if (exchange.errorPrefix !== undefined) this.#wording.putWord(writer, 'db.response.status_code', exchange.errorPrefix);
  }

  #endsOf(node: SpanNode, database: number | undefined): Written {
    const known = this.#ends.get(node.connection);
    if (known !== undefined && known.database === database) return known.written;
    const ends = databaseEndsOf(node, 'redis');
    const written = this.#wording.write(database === undefined ? ends : [...ends, ['db.namespace', String(database)]]);
    return this.#ends.set(node.connection, { database, written }).written;
  }

  #command(command: string): Command {
    let known = this.#commands.get(command);
    if (known === undefined) {
      if (this.#commands.size >= MAX_COMMANDS) this.#commands.clear();
      known = { name: this.#wording.name(command), written: [] };
      this.#commands.set(command, known);
    }
    return known;
  }

  #text({ written }: Command, exchange: RedisExchange): Written {
    if (exchange.arguments.length > 0 && !this.#policy.sanitizeQueries) return this.#write(exchange.command, exchange.arguments);
    const marks = Math.min(exchange.argumentCount, MAX_MARKS);
    written[marks] ??= this.#write(exchange.command, Array.from({ length: marks }, () => '?'));
    return written[marks];
  }

  #write(command: string, words: readonly string[]): Written {
    const { captureQueries, maxQueryLength } = this.#policy;
    const operation = ['db.operation.name', command] as const;
    return this.#wording.write(captureQueries ? [operation, ['db.query.text', [command, ...words].join(' ').slice(0, maxQueryLength)]] : [operation]);
  }
}
