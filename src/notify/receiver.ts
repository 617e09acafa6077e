import { errorAt } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { formatPath, type DocumentPath, type YamlDocument } from '../lib/yaml-document.js';
import { readEmailConfig } from './read-email-config.js';
import { readPagerdutyConfig } from './read-pagerduty-config.js';
import { readOpsgenieConfig, readTeamsConfig } from './read-service-configs.js';
import type { Receiver, SlackConfig, WebhookConfig } from './receiver-configs.js';
import { ReceiverSource } from './receiver-source.js';
import type { GlobalDocument, ReceiverDocument, RoutingDocument, SlackConfigDocument, WebhookConfigDocument, WebhookHttpDocument } from './routing-schema.js';

/** Slack's Web API method as Alertmanager's `api_url` names it when a bot token is used. */
const POST_MESSAGE = /\/chat\.postMessage\/?$/;

export function readReceivers(document: RoutingDocument, source: YamlDocument, problems: Problem[]): ReadonlyMap<string, Receiver> {
  const reader = new ReceiverReader(document, new ReceiverSource(source, problems));
  const receivers = new Map<string, Receiver>();
  for (const [index, receiver] of document.receivers.entries()) {
    const path = ['receivers', index];
    // Read all the same: what is wrong inside of it would only come up once the name is right.
    const read = reader.read(receiver, path);
    if (!receivers.has(receiver.name)) receivers.set(receiver.name, read);
    else problems.push(errorAt(source.at([...path, 'name']), 'routing/duplicate-receiver', { path: formatPath([...path, 'name']), message: `there is another receiver "${receiver.name}"`, hint: 'rename or remove one' }));
  }
  return receivers;
}

class ReceiverReader {
  readonly #source: ReceiverSource;
  readonly #global: GlobalDocument;
  readonly #globalApiUrl: string | undefined;

  constructor(document: RoutingDocument, source: ReceiverSource) {
    this.#source = source;
    this.#global = document.global;
    this.#globalApiUrl = this.#readApiUrl(document.global?.slack_api_url, ['global', 'slack_api_url']);
  }

  read(receiver: ReceiverDocument, path: DocumentPath): Receiver {
    const shared = { source: this.#source, global: this.#global };
    return {
      name: receiver.name,
      slacks: (receiver.slack_configs ?? []).flatMap((config, index) => this.#readSlack(config, [...path, 'slack_configs', index])),
      webhooks: (receiver.webhook_configs ?? []).flatMap((config, index) => this.#readWebhook(config, [...path, 'webhook_configs', index])),
      pagerduties: (receiver.pagerduty_configs ?? []).flatMap((config, index) => readPagerdutyConfig(config, [...path, 'pagerduty_configs', index], shared)),
      teams: (receiver.msteamsv2_configs ?? []).flatMap((config, index) => readTeamsConfig(config, [...path, 'msteamsv2_configs', index], shared)),
      opsgenies: (receiver.opsgenie_configs ?? []).flatMap((config, index) => readOpsgenieConfig(config, [...path, 'opsgenie_configs', index], shared)),
      emails: (receiver.email_configs ?? []).flatMap((config, index) => readEmailConfig(config, [...path, 'email_configs', index], shared)),
      alertmanagers: [],
    };
  }

  #readSlack(config: SlackConfigDocument, path: DocumentPath): SlackConfig[] {
    const apiUrl = this.#readApiUrl(config.api_url, [...path, 'api_url']) ?? this.#globalApiUrl;
    const authorization = this.#source.authorization(config.http_config, [...path, 'http_config']);
    if (config.channel === undefined || config.channel === '') {
      this.#source.refuse(path, 'routing/missing-key', { message: 'a Slack config needs a channel', hint: 'channel: \'#alerts\'' });
      return [];
    }
    this.#source.noTemplate(config.channel, [...path, 'channel']);
    return [{ channel: config.channel, apiUrl, tokenFile: authorization?.credentialsFile, sendResolved: config.send_resolved ?? false }];
  }

  #readApiUrl(text: string | undefined, path: DocumentPath): string | undefined {
    if (text === undefined) return undefined;
    const url = this.#source.url(text, path);
    if (url === undefined) return undefined;
    if (POST_MESSAGE.test(url.pathname)) return new URL('.', url.href).href;
    // An incoming webhook's address is its secret.
    this.#source.refuse(path, 'routing/inline-secret', { message: 'this is not the address of Slack\'s Web API; an incoming webhook\'s address is a secret, and cannot update messages', hint: 'write https://slack.com/api/chat.postMessage and set a bot token in TOCSIN_SLACK_TOKEN' });
    return undefined;
  }

  #readWebhook(config: WebhookConfigDocument, path: DocumentPath): WebhookConfig[] {
    const { url, url_file: urlFile } = config;
    if ((url === undefined) === (urlFile === undefined)) {
      this.#source.refuse(path, url === undefined ? 'routing/missing-key' : 'routing/invalid-value', { message: url === undefined ? 'a webhook needs a url' : 'the webhook has both "url" and "url_file"', hint: 'write url, or url_file when the address is a secret' });
      return [];
    }
    if (url?.includes('{{') === true) this.#source.noTemplate(url, [...path, 'url']);
    else if (url !== undefined) this.#source.url(url, [...path, 'url']);
    return [{
      url: url === undefined ? { file: urlFile ?? '' } : { text: url },
      sendResolved: config.send_resolved ?? true,
      maxAlerts: config.max_alerts ?? 0,
      authorization: this.#source.authorization(config.http_config, [...path, 'http_config']),
      ...this.#readHttp(config.http_config, [...path, 'http_config']),
    }];
  }

  #readHttp({ basic_auth: basic, tls_config: tls, proxy_url: proxyUrl, authorization }: WebhookHttpDocument = {}, path: DocumentPath): Pick<WebhookConfig, 'basicAuth' | 'connection'> {
    if (basic !== undefined && authorization !== undefined) this.#source.refuse([...path, 'basic_auth'], 'routing/invalid-value', { message: 'there is both "basic_auth" and "authorization"', hint: 'keep one of them' });
    const password = basic === undefined ? undefined : this.#source.secretFile({ key: 'password', inline: basic.password, file: basic.password_file }, [...path, 'basic_auth']);
    if (basic !== undefined && (basic.username ?? '') === '') this.#source.refuse([...path, 'basic_auth'], 'routing/missing-key', { message: '"username" is missing', hint: basic.username_file === undefined ? 'write it beside password_file' : 'write the name itself; only the password is a secret' });
    if (proxyUrl !== undefined) this.#source.url(proxyUrl, [...path, 'proxy_url']);
    const { ca_file: caFile, cert_file: certFile, key_file: keyFile, server_name: serverName, insecure_skip_verify: isInsecure = false } = tls ?? {};
    if ((certFile === undefined) !== (keyFile === undefined)) this.#source.refuse([...path, 'tls_config'], 'routing/missing-key', { message: 'a client certificate needs cert_file and key_file', hint: 'write both or neither' });
    return {
      ...(basic?.username === undefined || password === undefined ? {} : { basicAuth: { username: basic.username, passwordFile: password } }),
      ...(tls === undefined && proxyUrl === undefined ? {} : { connection: { caFile, certFile, keyFile, serverName, isInsecure, proxyUrl } }),
    };
  }
}
