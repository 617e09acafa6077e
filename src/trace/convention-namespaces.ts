/**
 * First parts of the names in OpenTelemetry's attribute registry (open-telemetry/semantic-conventions, docs/registry/attributes, with those that are
 * deprecated), and Tocsin's own. Names in them are the conventions' business, not an organisation's.
 */
export const CONVENTION_NAMESPACES: readonly string[] = [
  'android', 'app', 'artifact', 'aspnetcore', 'aws', 'az', 'azure', 'browser', 'cassandra', 'cicd', 'client', 'cloud', 'cloudevents', 'cloudfoundry', 'code', 'container', 'cpu', 'cpython', 'db', 'deployment', 'destination', 'device', 'disk', 'dns', 'dotnet',
  'elasticsearch', 'enduser', 'error', 'event', 'exception', 'faas', 'feature_flag', 'file', 'gcp', 'gen_ai', 'geo', 'go', 'graphql', 'heroku', 'host', 'http', 'hw', 'ios', 'jsonrpc', 'jvm', 'k8s', 'linux', 'log', 'mainframe', 'mcp', 'message', 'messaging', 'net', 'network',
  'nfs', 'nodejs', 'oci', 'onc_rpc', 'openai', 'openshift', 'opentracing', 'oracle', 'oracle_cloud', 'os', 'otel', 'peer', 'pool', 'pprof', 'process', 'profile', 'rpc', 'security_rule', 'server', 'service', 'session', 'signalr', 'source', 'state', 'system', 'telemetry', 'test',
  'thread', 'tls', 'tocsin', 'url', 'user', 'user_agent', 'v8js', 'vcs', 'webengine', 'zos',
];
