import type { AttributeValue } from './attribute.js';
import { GRPC_STATUS_NAMES } from './renamed-attributes.js';

/** An old attribute whose value now lives elsewhere in another form: rules that ask for it are answered from there. */
export interface DerivedAttribute {
  /** Names of today that it is made of. */
  readonly from: readonly string[];
  /** Undefined where it cannot be made. */
  value(from: readonly (AttributeValue | undefined)[]): AttributeValue | undefined;
  /** The same for SQL: takes expressions of type VARCHAR, gives one of type JSON, or NULL. */
  sql(from: readonly string[]): string;
}

const WHOLE_NUMBER = /^-?\d{1,15}$/;

const DERIVED: ReadonlyMap<string, DerivedAttribute> = new Map([
  ['http.target', {
    from: ['url.path', 'url.query'],
    value: ([path, query]) => (typeof path !== 'string' ? undefined : typeof query === 'string' && query !== '' ? `${path}?${query}` : path),
    sql: ([path = '', query = '']) => `to_json(${path} || coalesce('?' || nullif(${query}, ''), ''))`,
  }],
  ['rpc.grpc.status_code', {
    from: ['rpc.status_code'],
    value: ([name]) => grpcStatusNumber(name),
    sql: ([name = '']) => `to_json(nullif(list_position([${GRPC_STATUS_NAMES.map((status) => `'${status}'`).join(', ')}], ${name}), 0) - 1)`,
  }],
  ['rpc.service', {
    from: ['rpc.method'],
    value: ([method]) => (typeof method === 'string' && method.lastIndexOf('/') > 0 ? method.slice(0, method.lastIndexOf('/')) : undefined),
    sql: ([method = '']) => `to_json(nullif(regexp_extract(${method}, '(?s)^(.*)/', 1), ''))`,
  }],
  ['rpc.jsonrpc.error_code', numberFrom('rpc.status_code')],
  ['messaging.kafka.destination.partition', numberFrom('messaging.destination.partition.id')],
  ['db.redis.database_index', numberFrom('db.namespace')],
] satisfies [string, DerivedAttribute][]);

export function derivedAttribute(key: string): DerivedAttribute | undefined {
  return DERIVED.get(key);
}

/** `UNAVAILABLE` → 14; undefined for what is not the name of a gRPC status. */
export function grpcStatusNumber(name: AttributeValue | undefined): number | undefined {
  const number = (GRPC_STATUS_NAMES as readonly unknown[]).indexOf(name);
  return number < 0 ? undefined : number;
}

/** Integers that became strings. */
function numberFrom(key: string): DerivedAttribute {
  return {
    from: [key],
    value: ([text]) => (typeof text === 'string' && WHOLE_NUMBER.test(text) ? Number(text) : undefined),
    sql: ([text = '']) => `to_json(CASE WHEN regexp_full_match(${text}, '-?[0-9]{1,15}') THEN CAST(${text} AS BIGINT) END)`,
  };
}
