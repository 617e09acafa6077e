import type { DocumentPath } from '../lib/yaml-document.js';

/** What a variable's text becomes before the schema sees it. */
export type VariableKind = 'text' | 'number' | 'true or false' | 'secret';

/** Environment variable → the place in tocsin.yaml that it overrides. Secrets have no such place: they are kept apart. */
export const ENVIRONMENT: Readonly<Record<string, { readonly path: DocumentPath; readonly kind: VariableKind }>> = {
  TOCSIN_HTTP_HOST: { path: ['http', 'host'], kind: 'text' },
  TOCSIN_HTTP_PORT: { path: ['http', 'port'], kind: 'number' },
  TOCSIN_OTLP_HOST: { path: ['otlp', 'host'], kind: 'text' },
  TOCSIN_OTLP_GRPC_PORT: { path: ['otlp', 'grpcPort'], kind: 'number' },
  TOCSIN_OTLP_HTTP_PORT: { path: ['otlp', 'httpPort'], kind: 'number' },
  TOCSIN_OTLP_SENDER_SHARE: { path: ['otlp', 'senderShare'], kind: 'text' },
  TOCSIN_DATA_DIR: { path: ['dataDir'], kind: 'text' },
  TOCSIN_RULES_DIR: { path: ['rulesDir'], kind: 'text' },
  TOCSIN_RUNBOOKS_DIR: { path: ['runbooksDir'], kind: 'text' },
  TOCSIN_PUBLIC_URL: { path: ['publicUrl'], kind: 'text' },
  TOCSIN_SLACK_TOKEN: { path: ['slack', 'token'], kind: 'secret' },
  TOCSIN_SLACK_SIGNING_SECRET: { path: ['slack', 'signingSecret'], kind: 'secret' },
  TOCSIN_SLACK_APP_TOKEN: { path: ['slack', 'appToken'], kind: 'secret' },
  TOCSIN_SLACK_API_URL: { path: ['slack', 'apiUrl'], kind: 'text' },
  TOCSIN_SLACK_CHANNEL: { path: ['slack', 'channel'], kind: 'text' },
  TOCSIN_ALLOW_INTERNAL_TARGETS: { path: ['allowInternalTargets'], kind: 'text' },
  TOCSIN_REDACTION_KEY_FILE: { path: ['redaction', 'keyFile'], kind: 'text' },
  TOCSIN_QUALITY_REPORT_SLACK_CHANNEL: { path: ['qualityReport', 'slackChannel'], kind: 'text' },
  TOCSIN_QUALITY_REPORT_DAY: { path: ['qualityReport', 'day'], kind: 'text' },
  TOCSIN_QUALITY_REPORT_HOUR: { path: ['qualityReport', 'hour'], kind: 'number' },
  TOCSIN_QUALITY_REPORT_TIME_ZONE: { path: ['qualityReport', 'timeZone'], kind: 'text' },
  TOCSIN_QUALITY_REPORT_PRICE: { path: ['qualityReport', 'pricePerMillionSpans'], kind: 'number' },
  TOCSIN_STORE: { path: ['store'], kind: 'text' },
  TOCSIN_CLICKHOUSE_URL: { path: ['clickhouseUrl'], kind: 'text' },
  TOCSIN_REDIS_URL: { path: ['redisUrl'], kind: 'text' },
  TOCSIN_ARCHIVE_URL: { path: ['archiveUrl'], kind: 'text' },
  TOCSIN_EVALUATION_INTERVAL: { path: ['evaluationInterval'], kind: 'text' },
  TOCSIN_HOT_RETENTION: { path: ['hotRetention'], kind: 'text' },
  TOCSIN_TOKENS_FILE: { path: ['access', 'tokensFile'], kind: 'text' },
  TOCSIN_TLS_CERT_FILE: { path: ['access', 'tls', 'certFile'], kind: 'text' },
  TOCSIN_TLS_KEY_FILE: { path: ['access', 'tls', 'keyFile'], kind: 'text' },
  TOCSIN_BEHIND_PROXY: { path: ['access', 'behindProxy'], kind: 'true or false' },
  TOCSIN_LOG_LEVEL: { path: ['logLevel'], kind: 'text' },
};

/** Read by the shell that finds tocsin.yaml, not a setting itself. */
export const CONFIG_FILE_VARIABLE = 'TOCSIN_CONFIG_FILE';

/** `TOCSIN_TEST_…` and `TOCSIN_DEMO_…` belong to the test suite and the demo, the others to commands that talk to a service and to self tracing. */
const OTHER_READERS = /^TOCSIN_(?:(?:TEST|DEMO)_.*|TOKEN|TRACE_INTO_SELF)$/;
/** Kubernetes sets TOCSIN_SERVICE_HOST, TOCSIN_PORT_4317_TCP … in every pod beside a Service called `tocsin`. */
const SERVICE_LINK = /^TOCSIN(?:_[A-Z0-9_]+)?_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_\d+_(?:TCP|UDP)(?:_[A-Z]+)?)$/;

/** TOCSIN_ variables that nobody reads: almost certainly misspelt. */
export function unknownVariables(environment: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    if (!name.startsWith('TOCSIN_') || value === undefined || Object.hasOwn(ENVIRONMENT, name) || name === CONFIG_FILE_VARIABLE) return [];
    const isServiceLink = SERVICE_LINK.test(name) || (name.endsWith('_PORT') && /^(?:tcp|udp):\/\//.test(value));
    return isServiceLink || OTHER_READERS.test(name) ? [] : [name];
  }).sort();
}
