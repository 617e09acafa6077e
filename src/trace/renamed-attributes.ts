/**
 * What OpenTelemetry's semantic conventions renamed, up to v1.44.0: `schemas/1.44.0` and the deprecated parts of the model in
 * open-telemetry/semantic-conventions. Old name → new name; where a span has two old names of one new name, the one named first here wins.
 */

/** Mean the same on every span, and on resources and log records too. */
export const RENAMED = {
  'http.method': 'http.request.method',
  'http.status_code': 'http.response.status_code',
  'http.url': 'url.full',
  'http.scheme': 'url.scheme',
  'http.flavor': 'network.protocol.version',
  'http.client_ip': 'client.address',
  'http.user_agent': 'user_agent.original',
  'http.request_content_length_uncompressed': 'http.request.body.size',
  'http.response_content_length_uncompressed': 'http.response.body.size',
  'net.protocol.name': 'network.protocol.name',
  'net.protocol.version': 'network.protocol.version',
  'net.transport': 'network.transport',
  'net.sock.peer.addr': 'network.peer.address',
  'net.sock.peer.port': 'network.peer.port',
  'net.peer.ip': 'network.peer.address',
  'net.sock.host.addr': 'network.local.address',
  'net.sock.host.port': 'network.local.port',
  'net.host.ip': 'network.local.address',
  'db.system': 'db.system.name',
  'db.statement': 'db.query.text',
  'db.operation': 'db.operation.name',
  'db.name': 'db.namespace',
  'db.redis.database_index': 'db.namespace',
  'db.elasticsearch.cluster.name': 'db.namespace',
  'db.sql.table': 'db.collection.name',
  'db.mongodb.collection': 'db.collection.name',
  'db.cassandra.table': 'db.collection.name',
  'db.cosmosdb.container': 'db.collection.name',
  'rpc.system': 'rpc.system.name',
  'rpc.response.status_code': 'rpc.status_code',
  'rpc.grpc.status_code': 'rpc.status_code',
  'rpc.connect_rpc.error_code': 'rpc.status_code',
  'rpc.jsonrpc.error_code': 'rpc.status_code',
  'messaging.operation': 'messaging.operation.type',
  'messaging.kafka.consumer.group': 'messaging.consumer.group.name',
  'messaging.eventhubs.consumer.group': 'messaging.consumer.group.name',
  'messaging.client_id': 'messaging.client.id',
  'messaging.kafka.message.offset': 'messaging.kafka.offset',
  'messaging.kafka.destination.partition': 'messaging.destination.partition.id',
  'messaging.servicebus.destination.subscription_name': 'messaging.destination.subscription.name',
  'code.filepath': 'code.file.path',
  'code.lineno': 'code.line.number',
  'code.column': 'code.column.number',
  'peer.service': 'service.peer.name',
  'deployment.environment': 'deployment.environment.name',
} as const satisfies Readonly<Record<string, string>>;

/** On SERVER spans the peer is the client, and the host is the server. */
export const RENAMED_ON_SERVER = {
  'net.host.name': 'server.address',
  'net.host.port': 'server.port',
  'http.server_name': 'server.address',
  'net.peer.name': 'client.address',
  'net.peer.port': 'client.port',
} as const satisfies Readonly<Record<string, string>>;

/** On all other spans the peer is who was called; their `net.host.*` is the caller itself and has no new name. */
export const RENAMED_ON_CLIENT = {
  'net.peer.name': 'server.address',
  'net.peer.port': 'server.port',
} as const satisfies Readonly<Record<string, string>>;

/** Values that were renamed together with their key, by the old key: `db.system = mssql` is `db.system.name = microsoft.sql_server`. */
export const RENAMED_VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'db.system': {
    adabas: 'softwareag.adabas', cache: 'intersystems.cache', cosmosdb: 'azure.cosmosdb', db2: 'ibm.db2', dynamodb: 'aws.dynamodb',
    firebird: 'firebirdsql', h2: 'h2database', hanadb: 'sap.hana', informix: 'ibm.informix', ingres: 'actian.ingres', maxdb: 'sap.maxdb',
    mssql: 'microsoft.sql_server', netezza: 'ibm.netezza', oracle: 'oracle.db', redshift: 'aws.redshift', spanner: 'gcp.spanner',
  },
  'messaging.operation': { publish: 'send', deliver: 'process' },
  'net.transport': { ip_tcp: 'tcp', ip_udp: 'udp' },
  'http.flavor': { '2.0': '2', '3.0': '3' },
};

/** Names of gRPC's status codes by their number (grpc/grpc doc/statuscodes.md): `rpc.grpc.status_code = 14` is `rpc.status_code = "UNAVAILABLE"`. */
export const GRPC_STATUS_NAMES = [
  'OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED',
] as const;
