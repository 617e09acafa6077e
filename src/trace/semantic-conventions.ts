/**
 * Renames of OpenTelemetry's semantic conventions up to v1.44.0 (`schemas/1.44.0` of open-telemetry/semantic-conventions),
 * old name → new name. Only renames that keep the value: `http.target` became `url.path` plus `url.query`, `rpc.grpc.status_code` changed
 * its type, and such pairs cannot stand for each other.
 */
const RENAMED = {
  'http.method': 'http.request.method',
  'http.status_code': 'http.response.status_code',
  'http.url': 'url.full',
  'http.scheme': 'url.scheme',
  'http.flavor': 'network.protocol.version',
  'http.client_ip': 'client.address',
  'http.user_agent': 'user_agent.original',
  'net.protocol.name': 'network.protocol.name',
  'net.protocol.version': 'network.protocol.version',
  'net.host.name': 'server.address',
  'net.host.port': 'server.port',
  'net.peer.name': 'server.address',
  'net.peer.port': 'server.port',
  'net.sock.peer.addr': 'network.peer.address',
  'net.sock.peer.port': 'network.peer.port',
  'db.system': 'db.system.name',
  'db.statement': 'db.query.text',
  'db.operation': 'db.operation.name',
  'db.name': 'db.namespace',
  'db.redis.database_index': 'db.namespace',
  'db.sql.table': 'db.collection.name',
  'db.mongodb.collection': 'db.collection.name',
  'db.cassandra.table': 'db.collection.name',
  'db.cosmosdb.container': 'db.collection.name',
  'rpc.system': 'rpc.system.name',
  'rpc.response.status_code': 'rpc.status_code',
  'messaging.operation': 'messaging.operation.type',
  'messaging.kafka.consumer.group': 'messaging.consumer.group.name',
  'messaging.client_id': 'messaging.client.id',
  'peer.service': 'service.peer.name',
  'deployment.environment': 'deployment.environment.name',
} as const satisfies Readonly<Record<string, string>>;

/** Values that were renamed together with their key: `db.system = mssql` is `db.system.name = microsoft.sql_server`. */
const RENAMED_VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'db.system.name': { mssql: 'microsoft.sql_server', oracle: 'oracle.db', dynamodb: 'aws.dynamodb' },
};

const NEW_NAME: ReadonlyMap<string, string> = new Map(Object.entries(RENAMED));
const OLD_NAMES: ReadonlyMap<string, readonly string[]> = groupByNewName();

/** The name of today for an attribute key; keys that were never renamed are their own. */
export function canonicalKey(key: string): string {
  return NEW_NAME.get(key) ?? key;
}

/**
 * Every name under which the value of `key` may have been sent, the asked one first, then the newer, then the older ones. An old name does
 * not stand for another old name: `db.name` and `db.redis.database_index` both became `db.namespace`, but are not each other.
 */
export function aliasesOf(key: string): readonly string[] {
  const newName = NEW_NAME.get(key);
  return newName === undefined ? [key, ...(OLD_NAMES.get(key) ?? [])] : [key, newName];
}

/** Every spelling of a string value of `key`, the asked one first. */
export function valueAliasesOf(key: string, value: string): readonly string[] {
  const renamed = RENAMED_VALUES[canonicalKey(key)];
  if (renamed === undefined) return [value];
  const newer = Object.hasOwn(renamed, value) ? [renamed[value] ?? value] : [];
  const older = Object.keys(renamed).filter((old) => renamed[old] === value);
  return [value, ...newer, ...older];
}

function groupByNewName(): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [oldName, newName] of Object.entries(RENAMED)) groups.set(newName, [...(groups.get(newName) ?? []), oldName]);
  return groups;
}
