import type { AttributePolicy } from './attribute-policy.js';
import { HttpDescriber } from './describe-http.js';
import { RedisDescriber } from './describe-redis.js';
import { SqlDescriber } from './describe-sql.js';
import type { ProtobufWriter } from './otlp/protobuf-writer.js';
import type { SpanNode } from './span-node.js';
import type { Wording } from './wording.js';

const MAX_MESSAGE = 256;

/** Names and attributes of one service's spans of one kind, written where they go out. */
export class Describer {
  readonly #wording: Wording;
  readonly #http: HttpDescriber;
  readonly #sql: SqlDescriber;
  readonly #redis: RedisDescriber;

  constructor(wording: Wording, policy: AttributePolicy) {
    this.#wording = wording;
    this.#http = new HttpDescriber(wording, policy);
    this.#sql = new SqlDescriber(wording, policy);
    this.#redis = new RedisDescriber(wording, policy);
  }

  /** `errorType`: of `errorTypeOf`. */
  write(writer: ProtobufWriter, node: SpanNode, { errorType, keptReason }: { readonly errorType: string | undefined; readonly keptReason: string | undefined }): void {
    const { exchange } = node;
    if (exchange.protocol === 'http') this.#http.write(writer, node, exchange);
    else if (exchange.protocol === 'postgresql') this.#sql.write(writer, node, exchange);
    else this.#redis.write(writer, node, exchange);
    if (errorType !== undefined) this.#wording.putWord(writer, 'error.type', errorType);
    if (exchange.isCut) this.#wording.putWord(writer, 'tocsin.answer.cut', true);
    if (node.isClientGone) this.#wording.putWord(writer, 'tocsin.client.gone', true);
    if (node.basis !== undefined) this.#wording.putWord(writer, 'tocsin.parent.basis', node.basis);
    if (keptReason !== undefined) this.#wording.putWord(writer, 'tocsin.kept.reason', keptReason);
  }
}

/** `error.type` of the semantic conventions; undefined where all went well. */
export function errorTypeOf({ exchange, kind, failure }: SpanNode): string | undefined {
  switch (exchange.protocol) {
    case 'http': return exchange.statusCode >= (kind === 'server' ? 500 : 400) ? String(exchange.statusCode) : failure;
    case 'postgresql': return exchange.errorCode ?? failure;
    case 'redis': return exchange.errorPrefix ?? failure;
  }
}

export function statusMessageOf({ exchange, failure }: SpanNode, { sanitizeQueries }: AttributePolicy): string {
  if (exchange.protocol === 'http') return failure ?? '';
  // Messages of errors quote values, like the key that is there twice.
  return exchange.protocol === 'redis' || sanitizeQueries ? '' : (exchange.errorMessage ?? '').slice(0, MAX_MESSAGE);
}
