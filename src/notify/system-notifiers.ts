import { readFileSync } from 'node:fs';
import type { ReceiverRule } from '../config/rule-set.js';
import type { DeliveryResult, Notifier } from './delivery.js';
import { dispatcherOf, readConnection } from './http-connection.js';
import { HttpAlertmanagerNotifier } from './http-alertmanager-notifier.js';
import { HttpPagerdutyNotifier } from './http-pagerduty-notifier.js';
import { HttpWebhookNotifier } from './http-webhook-notifier.js';
import { HttpOpsgenieNotifier } from './http-opsgenie-notifier.js';
import { HttpTeamsNotifier } from './http-teams-notifier.js';
import { integrationName, type IntegrationKind } from './integrations.js';
import type { EmailConfig, SlackConfig, WebhookConfig } from './receiver-configs.js';
import type { Routing } from './routing.js';
import { SlackNotifier } from './slack-notifier.js';
import { SmtpEmailNotifier } from './smtp-email-notifier.js';
import { readWebhookSecret } from './standard-webhooks.js';

export interface NotifierSettings {
  readonly slack: { readonly token: string | undefined; readonly apiUrl: string | undefined; readonly channel: string | undefined; readonly signingSecret?: string | undefined; readonly appToken?: string | undefined };
}

export interface NotifierSources extends NotifierSettings {
  readonly routing: Routing;
  /** `kind: Receiver` documents: where the webhooks' secrets are. */
  readonly receivers: readonly ReceiverRule[];
}

/** `notifierFor` of the dispatcher. */
export type NotifierLookup = (receiver: string, integration: string) => Notifier | undefined;

/**
 * One notifier for each integration of each receiver. Files that hold secrets are read when a message goes out, so that a rotated
 * secret counts at once and one that is missing delays its messages instead of losing them.
 */
export function notifiersOf(sources: NotifierSources): NotifierLookup {
  const notifiers = new Map<string, Notifier>();
  for (const receiver of sources.routing.receivers.values()) {
    const rule = sources.receivers.find(({ name }) => name === receiver.name);
    const add = <Config>(kind: IntegrationKind, configs: readonly Config[], build: (config: Config) => Notifier): void => {
      for (const [index, config] of configs.entries()) notifiers.set(keyOf(receiver.name, integrationName(kind, index)), build(config));
    };
    add('slack', receiver.slacks, (config) => slackNotifier(config, sources.slack));
    add('webhook', receiver.webhooks, (config) => webhookNotifier(config, rule));
    add('pagerduty', receiver.pagerduties, ({ url, routingKeyFile }) => bySecret(routingKeyFile, (routingKey) => new HttpPagerdutyNotifier({ url, routingKey })));
    add('teams', receiver.teams, ({ urlFile }) => bySecret(urlFile, (url) => new HttpTeamsNotifier({ url })));
    add('opsgenie', receiver.opsgenies, ({ apiKeyFile, ...config }) => bySecret(apiKeyFile, (apiKey) => new HttpOpsgenieNotifier({ ...config, apiKey })));
    add('email', receiver.emails, emailNotifier);
    add('alertmanager', receiver.alertmanagers, ({ url, credentialsFile }) => (credentialsFile === undefined ? new HttpAlertmanagerNotifier({ url }) : bySecret(credentialsFile, (secret) => new HttpAlertmanagerNotifier({ url, authorization: `Bearer ${secret}` }))));
  }
  return (receiver, integration) => notifiers.get(keyOf(receiver, integration));
}

function keyOf(receiver: string, integration: string): string {
  return JSON.stringify([receiver, integration]);
}

/** The setting's address wins over the file's: that is how a stand-in takes the place of Slack. */
function slackNotifier(config: SlackConfig, settings: NotifierSettings['slack']): Notifier {
  const apiUrl = settings.apiUrl ?? config.apiUrl;
  const channel = settings.channel ?? config.channel;
  return new RebuiltNotifier(() => {
    const token = config.tokenFile === undefined ? settings.token : secretOf(config.tokenFile);
    if (token === undefined || token === '') throw new Error('no Slack token: set TOCSIN_SLACK_TOKEN to the bot token of your Slack app');
    return { key: token, build: () => new SlackNotifier({ token, channel, sendResolved: config.sendResolved, takesPresses: settings.signingSecret !== undefined || settings.appToken !== undefined, ...(apiUrl === undefined ? {} : { apiUrl }) }) };
  });
}

function webhookNotifier(config: WebhookConfig, rule: Pick<ReceiverRule, 'webhookSecretFile' | 'webhookBody'> | undefined): Notifier {
  const { webhookSecretFile: secretFile, webhookBody: template } = rule ?? {};
  const { basicAuth, connection } = config;
  return new RebuiltNotifier(() => {
    const url = 'file' in config.url ? secretOf(config.url.file) : config.url.text;
    const basic = basicAuth === undefined ? undefined : `Basic ${Buffer.from(`${basicAuth.username}:${secretOf(basicAuth.passwordFile)}`).toString('base64')}`;
    const authorization = config.authorization === undefined ? basic : `${config.authorization.type} ${secretOf(config.authorization.credentialsFile)}`;
    const certificates = connection === undefined ? undefined : readConnection(connection);
    const secretText = secretFile === undefined ? undefined : secretOf(secretFile);
    const secret = secretText === undefined ? undefined : readWebhookSecret(secretText);
    if (secret?.ok === false) throw new Error(`${secretFile ?? ''}: ${secret.error}`);
    return {
      key: JSON.stringify([url, authorization, secretText, certificates]),
      build: () => new HttpWebhookNotifier({
        url, maxAlerts: config.maxAlerts, ...(authorization === undefined ? {} : { authorization }), ...(secret === undefined ? {} : { secret: secret.value }),
        ...(template === undefined ? {} : { template }), ...(connection === undefined || certificates === undefined ? {} : { dispatcher: dispatcherOf(connection, certificates) }),
      }),
    };
  });
}

function bySecret(file: string, build: (secret: string) => Notifier): Notifier {
  return new RebuiltNotifier(() => {
    const secret = secretOf(file);
    return { key: secret, build: () => build(secret) };
  });
}

function emailNotifier({ auth, ...config }: EmailConfig): Notifier {
  return auth === undefined ? new SmtpEmailNotifier({ ...config, auth }) : bySecret(auth.passwordFile, (password) => new SmtpEmailNotifier({ ...config, auth: { username: auth.username, password } }));
}

interface Recipe {
  /** What the notifier was built from. */
  readonly key: string;
  readonly build: () => Notifier;
}

/** A notifier built anew when its secrets have changed, and kept as long as they have not (it remembers channel ids). */
class RebuiltNotifier implements Notifier {
  readonly #recipe: () => Recipe;
  #built: { readonly key: string; readonly notifier: Notifier } | undefined;

  constructor(recipe: () => Recipe) {
    this.#recipe = recipe;
  }

  async notify(notification: Parameters<Notifier['notify']>[0]): Promise<DeliveryResult> {
    let recipe: Recipe;
    try {
      recipe = this.#recipe();
    } catch (error) {
      return { kind: 'retryable', reason: error instanceof Error ? error.message : String(error), retryAfterMs: undefined };
    }
    if (this.#built?.key !== recipe.key) this.#built = { key: recipe.key, notifier: recipe.build() };
    return this.#built.notifier.notify(notification);
  }
}

function secretOf(file: string): string {
  return readFileSync(file, 'utf8').trim();
}
