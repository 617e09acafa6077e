import type { AttributePolicy } from './attribute-policy.js';
import { ConnectionCache } from './connection-cache.js';
import type { PlainValue } from './otlp-span.js';
import type { ProtobufWriter } from './otlp/protobuf-writer.js';
import type { SqlExchange } from './protocols/sql-exchange.js';
import { databaseEndsOf } from './span-ends.js';
import type { SpanNode } from './span-node.js';
import { literalFree, readStatement } from './sql-statement.js';
import type { Wording, Written } from './wording.js';

/** Different statements that are remembered; applications send few. */
const MAX_STATEMENTS = 512;

interface Ends {
  readonly database: string | undefined;
  readonly user: string | undefined;
  readonly written: Written;
}

interface Statement {
  readonly name: Uint8Array;
  readonly isSelect: boolean;
  readonly written: Written;
}

/** PostgreSQL spans by the semantic conventions 1.44. Each statement is read once. */
export class SqlDescriber {
  readonly #wording: Wording;
  readonly #policy: AttributePolicy;
  readonly #ends = new ConnectionCache<Ends>();
  readonly #whole = new Map<string, Statement>();
  readonly #cut = new Map<string, Statement>();
  /** Statements whose text is not known, by what the server said that it did. */
  readonly #unknown = new Map<string, Statement>();

  constructor(wording: Wording, policy: AttributePolicy) {
    this.#wording = wording;
    this.#policy = policy;
  }

  write(writer: ProtobufWriter, node: SpanNode, exchange: SqlExchange): void {
    const wording = this.#wording;
    const { name, isSelect, written } = this.#statement(exchange);
    writer.raw(name);
    wording.put(writer, this.#endsOf(node, exchange));
    wording.put(writer, written);
    if (exchange.rows !== undefined) wording.putNumber(writer, isSelect ? 'db.response.returned_rows' : 'tocsin.db.affected_rows', exchange.rows);
    if (exchange.errorCode !== undefined) wording.putWord(writer, 'db.response.status_code', exchange.errorCode);
    const { captureParameters, maxQueryLength } = this.#policy;
    if (captureParameters) wording.putAll(writer, exchange.parameters.map((value, index) => [`db.query.parameter.${index}`, value.slice(0, maxQueryLength)]));
  }

  #endsOf(node: SpanNode, { database, user }: SqlExchange): Written {
    const known = this.#ends.get(node.connection);
    if (known !== undefined && known.database === database && known.user === user) return known.written;
    const pairs: (readonly [string, PlainValue])[] = [...databaseEndsOf(node, 'postgresql')];
    if (database !== undefined) pairs.push(['db.namespace', database]);
    // No current name: the conventions dropped it without another one.
    if (user !== undefined) pairs.push(['db.user', user]);
    return this.#ends.set(node.connection, { database, user, written: this.#wording.write(pairs) }).written;
  }

  #statement(exchange: SqlExchange): Statement {
    const { statement, isStatementCut, command } = exchange;
    const known = statement === '' ? this.#unknown : isStatementCut ? this.#cut : this.#whole;
    // Statements that differ only in values are told alike, unless the values are told.
    const key = statement === '' ? command ?? '' : this.#policy.sanitizeQueries ? literalFree(statement) : statement;
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size >= MAX_STATEMENTS) known.clear();
    const read = this.#read(exchange);
    known.set(key, read);
    return read;
  }

  #read({ statement: text, isStatementCut, command }: SqlExchange): Statement {
    const statement = readStatement(text, { isCut: isStatementCut });
    const operation = statement.operation ?? command?.split(' ')[0];
    const pairs: [string, PlainValue][] = [];
    if (operation !== undefined) pairs.push(['db.operation.name', operation]);
    const [table] = statement.tables;
    if (table !== undefined && statement.tables.length === 1) pairs.push(['db.collection.name', table]);
    if (statement.count > 1) pairs.push(['db.operation.batch.size', statement.count]);
    const summary = statement.summary === '' ? operation ?? 'postgresql' : statement.summary;
    pairs.push(['db.query.summary', summary]);
    if (this.#policy.captureQueries && text !== '') pairs.push(['db.query.text', queryText(this.#policy.sanitizeQueries ? statement.sanitised : text, isStatementCut, this.#policy)]);
    return { name: this.#wording.name(summary), isSelect: operation === 'SELECT', written: this.#wording.write(pairs) };
  }
}

function queryText(text: string, isCut: boolean, { maxQueryLength }: AttributePolicy): string {
  return text.length > maxQueryLength ? `${text.slice(0, maxQueryLength)}…` : isCut ? `${text}…` : text;
}
