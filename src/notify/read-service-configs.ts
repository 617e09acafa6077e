import type { DocumentPath } from '../lib/yaml-document.js';
import type { OpsgenieConfig, OpsgenieResponder, TeamsConfig } from './receiver-configs.js';
import type { ReceiverSource } from './receiver-source.js';
import type { GlobalDocument, OpsgenieConfigDocument, TeamsConfigDocument } from './routing-schema.js';

const OPSGENIE_URL = 'https://api.opsgenie.com/';
const PRIORITY = /^P[1-5]$/;

interface Shared {
  readonly source: ReceiverSource;
  readonly global: GlobalDocument;
}

/** The address of a Teams workflow is its own secret. */
export function readTeamsConfig(config: TeamsConfigDocument, path: DocumentPath, { source }: Shared): TeamsConfig[] {
  const urlFile = source.secretFile({ key: 'webhook_url', inline: config.webhook_url, file: config.webhook_url_file }, path);
  return urlFile === undefined ? [] : [{ urlFile, sendResolved: config.send_resolved ?? true }];
}

export function readOpsgenieConfig(config: OpsgenieConfigDocument, path: DocumentPath, { source, global }: Shared): OpsgenieConfig[] {
  const apiKeyFile = source.secretFile({ key: 'api_key', inline: config.api_key, file: config.api_key_file, inherited: global?.opsgenie_api_key_file }, path);
  const url = source.url(config.api_url ?? global?.opsgenie_api_url ?? OPSGENIE_URL, config.api_url === undefined ? ['global', 'opsgenie_api_url'] : [...path, 'api_url']);
  for (const key of ['priority', 'tags'] as const) source.noTemplate(config[key], [...path, key]);
  const { priority } = config;
  if (priority !== undefined && !priority.includes('{{') && !PRIORITY.test(priority)) source.refuse([...path, 'priority'], 'routing/invalid-value', { message: `"${priority}" is not a priority`, hint: 'write P1 to P5' });
  const responders = (config.responders ?? []).flatMap((responder, index) => readResponder(responder, [...path, 'responders', index], source));
  if (apiKeyFile === undefined || url === undefined) return [];
  return [{ url: url.href.endsWith('/') ? url.href : `${url.href}/`, apiKeyFile, priority, responders, tags: (config.tags ?? '').split(',').map((tag) => tag.trim()).filter((tag) => tag !== ''), sendResolved: config.send_resolved ?? true }];
}

type ResponderDocument = NonNullable<OpsgenieConfigDocument['responders']>[number];

function readResponder({ id, name, username, type }: ResponderDocument, path: DocumentPath, source: ReceiverSource): OpsgenieResponder[] {
  const [word, value] = id !== undefined ? ['id', id] as const : username !== undefined ? ['username', username] as const : ['name', name] as const;
  if (value !== undefined && value !== '') return [{ type, [word]: value }];
  source.refuse(path, 'routing/missing-key', { message: 'a responder needs an id, a name or a username', hint: '{ type: team, name: payments }' });
  return [];
}
