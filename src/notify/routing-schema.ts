import { z } from 'zod';
import { formatPath, type DocumentPath } from '../lib/yaml-document.js';

const MAX_NODES = 1_000;
const MAX_MATCHERS = 100;
const text = z.string().max(4_096);
const duration = z.string().max(64);
const labelMap = z.record(z.string(), text);

export interface RouteDocument {
  receiver?: string | undefined;
  group_by?: string[] | null | undefined;
  group_wait?: string | undefined;
  group_interval?: string | undefined;
  repeat_interval?: string | undefined;
  continue?: boolean | undefined;
  match?: Record<string, string> | null | undefined;
  match_re?: Record<string, string> | null | undefined;
  matchers?: string[] | null | undefined;
  mute_time_intervals?: string[] | null | undefined;
  active_time_intervals?: string[] | null | undefined;
  routes?: RouteDocument[] | null | undefined;
}

const routeSchema: z.ZodType<RouteDocument> = z.lazy(() => z.strictObject({
  receiver: text.optional(),
  group_by: z.array(text).max(MAX_MATCHERS).nullish(),
  group_wait: duration.optional(),
  group_interval: duration.optional(),
  repeat_interval: duration.optional(),
  continue: z.boolean().optional(),
  match: labelMap.nullish(),
  match_re: labelMap.nullish(),
  matchers: z.array(text).max(MAX_MATCHERS).nullish(),
  mute_time_intervals: z.array(text).max(MAX_MATCHERS).nullish(),
  active_time_intervals: z.array(text).max(MAX_MATCHERS).nullish(),
  routes: z.array(routeSchema).max(MAX_NODES).nullish(),
}));

const httpConfigSchema = z.strictObject({
  authorization: z.strictObject({
    type: text.optional(),
    credentials: text.optional(),
    credentials_file: text.optional(),
  }).optional(),
});

const webhookHttpSchema = httpConfigSchema.extend({
  basic_auth: z.strictObject({ username: text.optional(), username_file: text.optional(), password: text.optional(), password_file: text.optional() }).optional(),
  tls_config: z.strictObject({ ca_file: text.optional(), cert_file: text.optional(), key_file: text.optional(), server_name: text.optional(), insecure_skip_verify: z.boolean().optional() }).optional(),
  proxy_url: text.optional(),
});

const slackConfigSchema = z.strictObject({
  send_resolved: z.boolean().optional(),
  channel: text.optional(),
  api_url: text.optional(),
  http_config: httpConfigSchema.optional(),
});

const webhookConfigSchema = z.strictObject({
  send_resolved: z.boolean().optional(),
  url: text.optional(),
  url_file: text.optional(),
  max_alerts: z.int().min(0).optional(),
  http_config: webhookHttpSchema.optional(),
});

const pagerdutyConfigSchema = z.strictObject({
  send_resolved: z.boolean().optional(),
  routing_key: text.optional(),
  routing_key_file: text.optional(),
  url: text.optional(),
});

const teamsConfigSchema = z.strictObject({
  send_resolved: z.boolean().optional(),
  webhook_url: text.optional(),
  webhook_url_file: text.optional(),
});

const opsgenieConfigSchema = z.strictObject({
  send_resolved: z.boolean().optional(),
  api_key: text.optional(),
  api_key_file: text.optional(),
  api_url: text.optional(),
  priority: text.optional(),
  tags: text.optional(),
  responders: z.array(z.strictObject({ id: text.optional(), name: text.optional(), username: text.optional(), type: z.enum(['team', 'user', 'escalation', 'schedule']) })).max(MAX_MATCHERS).nullish(),
});

const emailConfigSchema = z.strictObject({
  send_resolved: z.boolean().optional(),
  to: text.optional(),
  from: text.optional(),
  smarthost: text.optional(),
  hello: text.optional(),
  auth_username: text.optional(),
  auth_password: text.optional(),
  auth_password_file: text.optional(),
  require_tls: z.boolean().optional(),
});

/** What receivers inherit. */
const globalSchema = z.strictObject({
  slack_api_url: text.optional(),
  resolve_timeout: duration.optional(),
  pagerduty_url: text.optional(),
  opsgenie_api_url: text.optional(),
  opsgenie_api_key_file: text.optional(),
  smtp_from: text.optional(),
  smtp_hello: text.optional(),
  smtp_smarthost: text.optional(),
  smtp_auth_username: text.optional(),
  smtp_auth_password_file: text.optional(),
  smtp_require_tls: z.boolean().optional(),
});

const scalar = z.union([text, z.number()]);
const ranges = z.array(scalar).max(MAX_MATCHERS).nullish();
const timeIntervalSchema = z.strictObject({
  name: z.string().min(1).max(256),
  time_intervals: z.array(z.strictObject({
    times: z.array(z.strictObject({ start_time: scalar, end_time: scalar })).max(MAX_MATCHERS).nullish(),
    weekdays: ranges,
    days_of_month: ranges,
    months: ranges,
    years: ranges,
    location: text.optional(),
  })).max(MAX_MATCHERS).nullish(),
});

const matcherList = z.array(text).max(MAX_MATCHERS).nullish();
const inhibitRuleSchema = z.strictObject({
  name: text.optional(),
  source_match: labelMap.nullish(),
  source_match_re: labelMap.nullish(),
  source_matchers: matcherList,
  target_match: labelMap.nullish(),
  target_match_re: labelMap.nullish(),
  target_matchers: matcherList,
  equal: z.array(text).max(MAX_MATCHERS).nullish(),
});

/** The part of Alertmanager's configuration that this version honours; `routingNotYet` knows the rest. */
export const routingSchema = z.strictObject({
  global: globalSchema.nullish(),
  route: routeSchema,
  inhibit_rules: z.array(inhibitRuleSchema).max(MAX_NODES).nullish(),
  time_intervals: z.array(timeIntervalSchema).max(MAX_NODES).nullish(),
  mute_time_intervals: z.array(timeIntervalSchema).max(MAX_NODES).nullish(),
  receivers: z.array(z.strictObject({
    name: z.string().min(1).max(256),
    slack_configs: z.array(slackConfigSchema).max(MAX_MATCHERS).nullish(),
    webhook_configs: z.array(webhookConfigSchema).max(MAX_MATCHERS).nullish(),
    pagerduty_configs: z.array(pagerdutyConfigSchema).max(MAX_MATCHERS).nullish(),
    msteamsv2_configs: z.array(teamsConfigSchema).max(MAX_MATCHERS).nullish(),
    email_configs: z.array(emailConfigSchema).max(MAX_MATCHERS).nullish(),
    opsgenie_configs: z.array(opsgenieConfigSchema).max(MAX_MATCHERS).nullish(),
  })).min(1).max(MAX_NODES),
});

export type RoutingDocument = z.output<typeof routingSchema>;
export type ReceiverDocument = RoutingDocument['receivers'][number];
export type SlackConfigDocument = z.output<typeof slackConfigSchema>;
export type GlobalDocument = RoutingDocument['global'];
export type PagerdutyConfigDocument = z.output<typeof pagerdutyConfigSchema>;
export type TeamsConfigDocument = z.output<typeof teamsConfigSchema>;
export type OpsgenieConfigDocument = z.output<typeof opsgenieConfigSchema>;
export type EmailConfigDocument = z.output<typeof emailConfigSchema>;
export type WebhookConfigDocument = z.output<typeof webhookConfigSchema>;
export type TimeIntervalDocument = z.output<typeof timeIntervalSchema>;
export type InhibitRuleDocument = z.output<typeof inhibitRuleSchema>;
export type HttpConfigDocument = z.output<typeof httpConfigSchema>;
export type WebhookHttpDocument = z.output<typeof webhookHttpSchema>;

const TEMPLATE = 'Tocsin writes the message itself, the same for every receiver';
const CONNECTION = 'Tocsin connects directly, with the system\'s certificates; webhook_configs take tls_config, proxy_url and basic_auth';
const OTHER_RECEIVER = 'this version does not send there; docs/alerting.md lists its receivers';
const SMTP_AUTH = 'Tocsin logs in with a name and auth_password_file';
const EVENTS_V1 = 'Tocsin speaks PagerDuty\'s Events API v2; write routing_key_file with the key of an integration of that kind';
const PLAIN_HTTP = { http_config: CONNECTION, timeout: 'the timeout is fixed in this version' };
const NO_INCOMING_WEBHOOK = 'Tocsin updates its messages in place, which incoming webhooks cannot; use a bot token (TOCSIN_SLACK_TOKEN)';

const HTTP_KEYS = [
  'basic_auth', 'bearer_token', 'bearer_token_file', 'oauth2', 'tls_config', 'proxy_url', 'no_proxy', 'proxy_from_environment', 'proxy_connect_header',
  'follow_redirects', 'enable_http2', 'http_headers',
];
const SLACK_KEYS = [
  'username', 'color', 'title', 'title_link', 'pretext', 'text', 'fields', 'short_fields', 'footer', 'fallback', 'callback_id', 'icon_emoji', 'icon_url',
  'image_url', 'thumb_url', 'link_names', 'mrkdwn_in', 'actions', 'message_text',
];
const PAGERDUTY_KEYS = ['client', 'client_url', 'description', 'severity', 'source', 'class', 'component', 'group', 'details', 'images', 'links'];
const OPSGENIE_KEYS = ['message', 'description', 'source', 'details', 'entity', 'actions', 'note'];
const SMTP_KEYS = ['smtp_auth_secret', 'smtp_auth_secret_file', 'smtp_auth_identity'];
const RECEIVER_KEYS = [
  'discord_configs', 'incidentio_configs', 'jira_configs', 'mattermost_configs',
  'pushover_configs', 'rocketchat_configs', 'sns_configs', 'telegram_configs', 'victorops_configs', 'webex_configs', 'wechat_configs',
];
const GLOBAL_KEYS = [
  'smtp_tls_config', 'smtp_force_implicit_tls',
  'wechat_api_url', 'wechat_api_secret', 'wechat_api_secret_file', 'wechat_api_corp_id', 'victorops_api_url',
  'victorops_api_key', 'victorops_api_key_file', 'telegram_api_url', 'telegram_bot_token', 'telegram_bot_token_file', 'webex_api_url', 'jira_api_url',
  'rocketchat_api_url', 'rocketchat_token', 'rocketchat_token_file', 'rocketchat_token_id', 'rocketchat_token_id_file', 'mattermost_webhook_url', 'mattermost_webhook_url_file',
];

function reasons(keys: readonly string[], reason: string): Record<string, string> {
  return Object.fromEntries(keys.map((key) => [key, reason]));
}

/** Keys of Alertmanager 0.34 (docs/configuration.md) that this version refuses, by the place where they stand. */
const NOT_YET: readonly (readonly [at: RegExp, Readonly<Record<string, string>>])[] = [
  [/^$/, { templates: TEMPLATE, tracing: 'Tocsin traces itself when OTEL_EXPORTER_OTLP_ENDPOINT is set' }],
  [/^global$/, { ...reasons(GLOBAL_KEYS, OTHER_RECEIVER), http_config: CONNECTION, slack_api_url_file: NO_INCOMING_WEBHOOK, opsgenie_api_key: 'write opsgenie_api_key_file', smtp_auth_password: 'write smtp_auth_password_file', ...reasons(SMTP_KEYS, SMTP_AUTH), slack_app_token: 'set TOCSIN_SLACK_TOKEN', slack_app_token_file: 'set slack.tokenFile in tocsin.yaml', slack_app_url: 'write slack_api_url' }],
  [/^route(?:\.routes\[\d+\])*$/, { labels: 'labels cannot be added by routes in this version' }],
  [/^receivers\[\d+\]$/, { ...reasons(RECEIVER_KEYS, OTHER_RECEIVER), labels: 'labels cannot be added by receivers in this version', msteams_configs: 'Microsoft has switched off the connectors behind it; write msteamsv2_configs with the address of a workflow' }],
  [/http_config$/, reasons(HTTP_KEYS, CONNECTION)],
  [/slack_configs\[\d+\]$/, { ...reasons(SLACK_KEYS, TEMPLATE), api_url_file: NO_INCOMING_WEBHOOK, app_token: 'set TOCSIN_SLACK_TOKEN, or http_config.authorization.credentials_file', app_token_file: 'write http_config.authorization.credentials_file', app_url: 'write api_url', update_message: 'messages are always updated in place', timeout: 'the timeout is fixed in this version' }],
  [/pagerduty_configs\[\d+\]$/, { ...reasons(PAGERDUTY_KEYS, TEMPLATE), ...PLAIN_HTTP, service_key: EVENTS_V1, service_key_file: EVENTS_V1 }],
  [/msteamsv2_configs\[\d+\]$/, { title: TEMPLATE, summary: TEMPLATE, text: TEMPLATE, ...PLAIN_HTTP }],
  [/opsgenie_configs\[\d+\]$/, { ...reasons(OPSGENIE_KEYS, TEMPLATE), ...PLAIN_HTTP, update_alerts: 'the priority of an open alert follows the incident' }],
  [/email_configs\[\d+\]$/, { ...reasons(['headers', 'html', 'text', 'threading'], TEMPLATE), ...reasons(['auth_secret', 'auth_secret_file', 'auth_identity'], SMTP_AUTH), tls_config: CONNECTION, force_implicit_tls: 'port 465 means TLS from the first byte, every other port STARTTLS' }],
  [/webhook_configs\[\d+\]$/, { timeout: 'the timeout is fixed in this version', payload: 'a body of your own is in kind: Receiver, spec.webhook.body' }],
  [/tls_config$/, { ca: 'write ca_file', cert: 'write cert_file', key: 'write key_file', ca_ref: 'write ca_file', cert_ref: 'write cert_file', key_ref: 'write key_file', min_version: 'TLS 1.2 is the least', max_version: 'the newest version that both know is used' }],
];

export function routingNotYet(path: DocumentPath, key: string): string | undefined {
  const place = formatPath(path);
  return NOT_YET.find(([at, keys]) => at.test(place) && Object.hasOwn(keys, key))?.[1][key];
}
