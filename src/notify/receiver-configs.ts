import type { ForwardRule } from '../config/rule-set.js';

/** `Authorization: <type> <content of credentialsFile>`. */
export interface Authorization {
  readonly type: string;
  readonly credentialsFile: string;
}

/** `basic_auth`. */
export interface BasicAuth {
  readonly username: string;
  readonly passwordFile: string;
}

/** How an address is reached, where it is not as the system does it: `tls_config` and `proxy_url`. */
export interface HttpConnection {
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly serverName: string | undefined;
  readonly isInsecure: boolean;
  readonly proxyUrl: string | undefined;
}

export interface SlackConfig {
  /** `#alerts`, a channel id, or a user id. */
  readonly channel: string;
  /** Base of the Web API with a slash at the end; undefined: Slack's own. */
  readonly apiUrl: string | undefined;
  /** The bot token's file; undefined: TOCSIN_SLACK_TOKEN. */
  readonly tokenFile: string | undefined;
  readonly sendResolved: boolean;
}

export interface WebhookConfig {
  readonly url: { readonly text: string } | { readonly file: string };
  readonly sendResolved: boolean;
  /** 0: all. */
  readonly maxAlerts: number;
  readonly authorization: Authorization | undefined;
  readonly basicAuth?: BasicAuth;
  readonly connection?: HttpConnection;
}

export interface PagerdutyConfig {
  /** Of Events API v2: `…/v2/enqueue`. */
  readonly url: string;
  readonly routingKeyFile: string;
  readonly sendResolved: boolean;
}

export interface TeamsConfig {
  /** File with the address of a workflow ("When a Teams webhook request is received"). */
  readonly urlFile: string;
  readonly sendResolved: boolean;
}

/** Opsgenie's own shape: `{ type: "team", name: "payments" }`. */
export interface OpsgenieResponder {
  readonly type: 'team' | 'user' | 'escalation' | 'schedule';
  readonly id?: string;
  readonly name?: string;
  readonly username?: string;
}

export interface OpsgenieConfig {
  /** Base of the API with a slash at the end. */
  readonly url: string;
  readonly apiKeyFile: string;
  /** Undefined: P1 for pages, P3 for tickets. */
  readonly priority: string | undefined;
  readonly responders: readonly OpsgenieResponder[];
  readonly tags: readonly string[];
  readonly sendResolved: boolean;
}

export interface EmailConfig {
  readonly to: readonly string[];
  readonly from: string;
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte: port 465. */
  readonly implicitTls: boolean;
  readonly requireTls: boolean;
  readonly hello: string;
  readonly auth: { readonly username: string; readonly passwordFile: string } | undefined;
  readonly sendResolved: boolean;
}

/** A receiver without any config is allowed: it swallows what is routed to it. */
export interface Receiver {
  readonly name: string;
  readonly slacks: readonly SlackConfig[];
  readonly webhooks: readonly WebhookConfig[];
  readonly pagerduties: readonly PagerdutyConfig[];
  readonly teams: readonly TeamsConfig[];
  readonly opsgenies: readonly OpsgenieConfig[];
  readonly emails: readonly EmailConfig[];
  /** From `kind: Receiver` documents: Alertmanager's file has no word for it. */
  readonly alertmanagers: readonly ForwardRule[];
}
