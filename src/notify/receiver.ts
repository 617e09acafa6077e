import { errorAt, type ProblemCode, type ProblemText } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { formatPath, type DocumentPath, type YamlDocument } from '../lib/yaml-document.js';
import type { HttpConfigDocument, ReceiverDocument, RoutingDocument, SlackConfigDocument, WebhookConfigDocument } from './routing-schema.js';

/** `Authorization: <type> <content of credentialsFile>`. */
export interface Authorization {
  readonly type: string;
  readonly credentialsFile: string;
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
}

/** A receiver without any config is allowed: it swallows what is routed to it. */
export interface Receiver {
  readonly name: string;
  readonly slacks: readonly SlackConfig[];
  readonly webhooks: readonly WebhookConfig[];
}

/** Slack's Web API method as Alertmanager's `api_url` names it when a bot token is used. */
const POST_MESSAGE = /\/chat\.postMessage\/?$/;

export function readReceivers(document: RoutingDocument, source: YamlDocument, problems: Problem[]): ReadonlyMap<string, Receiver> {
  const reader = new ReceiverReader(document, source, problems);
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
  readonly #source: YamlDocument;
  readonly #problems: Problem[];
  readonly #globalApiUrl: string | undefined;

  constructor(document: RoutingDocument, source: YamlDocument, problems: Problem[]) {
    this.#source = source;
    this.#problems = problems;
    this.#globalApiUrl = this.#readApiUrl(document.global?.slack_api_url, ['global', 'slack_api_url']);
  }

  read(receiver: ReceiverDocument, path: DocumentPath): Receiver {
    return {
      name: receiver.name,
      slacks: (receiver.slack_configs ?? []).flatMap((config, index) => this.#readSlack(config, [...path, 'slack_configs', index])),
      webhooks: (receiver.webhook_configs ?? []).flatMap((config, index) => this.#readWebhook(config, [...path, 'webhook_configs', index])),
    };
  }

  #readSlack(config: SlackConfigDocument, path: DocumentPath): SlackConfig[] {
    const apiUrl = this.#readApiUrl(config.api_url, [...path, 'api_url']) ?? this.#globalApiUrl;
    const authorization = this.#readAuthorization(config.http_config, [...path, 'http_config']);
    if (config.channel === undefined || config.channel === '') {
      this.#refuse(path, 'routing/missing-key', { message: 'a Slack config needs a channel', hint: 'channel: \'#alerts\'' });
      return [];
    }
    if (config.channel.includes('{{')) this.#refuse([...path, 'channel'], 'routing/not-supported-yet', { message: 'templates are not supported yet', hint: 'write the channel, and use routes to choose between channels' });
    return [{ channel: config.channel, apiUrl, tokenFile: authorization?.credentialsFile, sendResolved: config.send_resolved ?? false }];
  }

  #readApiUrl(text: string | undefined, path: DocumentPath): string | undefined {
    if (text === undefined) return undefined;
    const url = this.#readUrl(text, path);
    if (url === undefined) return undefined;
    if (POST_MESSAGE.test(url.pathname)) return new URL('.', url.href).href;
    // An incoming webhook's address is its secret.
    this.#refuse(path, 'routing/inline-secret', { message: 'this is not the address of Slack\'s Web API; an incoming webhook\'s address is a secret, and cannot update messages', hint: 'write https://slack.com/api/chat.postMessage and set a bot token in TOCSIN_SLACK_TOKEN' });
    return undefined;
  }

  #readWebhook(config: WebhookConfigDocument, path: DocumentPath): WebhookConfig[] {
    const { url, url_file: urlFile } = config;
    if ((url === undefined) === (urlFile === undefined)) {
      this.#refuse(path, url === undefined ? 'routing/missing-key' : 'routing/invalid-value', { message: url === undefined ? 'a webhook needs a url' : 'the webhook has both "url" and "url_file"', hint: 'write url, or url_file when the address is a secret' });
      return [];
    }
    if (url?.includes('{{') === true) this.#refuse([...path, 'url'], 'routing/not-supported-yet', { message: 'templates are not supported yet', hint: 'write the address' });
    else if (url !== undefined) this.#readUrl(url, [...path, 'url']);
    return [{
      url: url === undefined ? { file: urlFile ?? '' } : { text: url },
      sendResolved: config.send_resolved ?? true,
      maxAlerts: config.max_alerts ?? 0,
      authorization: this.#readAuthorization(config.http_config, [...path, 'http_config']),
    }];
  }

  #readUrl(text: string, path: DocumentPath): URL | undefined {
    let url: URL;
    try {
      url = new URL(text);
    } catch {
      this.#refuse(path, 'routing/invalid-value', { message: 'this is not a URL', hint: 'write it in full, like https://alerts.example.com/hook' });
      return undefined;
    }
    if (url.protocol !== 'http:' && url.protocol !== 'https:') this.#refuse(path, 'routing/invalid-value', { message: `"${url.protocol}" is not http or https` });
    else if (url.username !== '' || url.password !== '') this.#refuse(path, 'routing/inline-secret', { message: 'the URL holds a user name or password', hint: 'use http_config.authorization.credentials_file, or url_file' });
    else return url;
    return undefined;
  }

  #readAuthorization(config: HttpConfigDocument | undefined, path: DocumentPath): Authorization | undefined {
    const authorization = config?.authorization;
    if (authorization === undefined) return undefined;
    if (authorization.credentials !== undefined) this.#refuse([...path, 'authorization', 'credentials'], 'routing/inline-secret', { message: 'a secret must not be written into rules', hint: 'put it into a file and write credentials_file' });
    else if (authorization.credentials_file === undefined) this.#refuse([...path, 'authorization'], 'routing/missing-key', { message: '"credentials_file" is missing', hint: 'name the file that holds the credentials' });
    else if (authorization.type?.toLowerCase() === 'basic') this.#refuse([...path, 'authorization', 'type'], 'routing/invalid-value', { message: 'Alertmanager does not allow the type "Basic" here', hint: 'the usual type is Bearer' });
    else return { type: authorization.type ?? 'Bearer', credentialsFile: authorization.credentials_file };
    return undefined;
  }

  #refuse(path: DocumentPath, code: ProblemCode, text: ProblemText): void {
    this.#problems.push(errorAt(this.#source.at(path), code, { path: formatPath(path), ...text }));
  }
}
