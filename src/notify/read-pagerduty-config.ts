import type { DocumentPath } from '../lib/yaml-document.js';
import type { PagerdutyConfig } from './receiver-configs.js';
import type { ReceiverSource } from './receiver-source.js';
import type { GlobalDocument, PagerdutyConfigDocument } from './routing-schema.js';

const EVENTS_URL = 'https://events.pagerduty.com/v2/enqueue';
const EVENTS_PATH = /\/v2\/enqueue\/?$/;

export function readPagerdutyConfig(config: PagerdutyConfigDocument, path: DocumentPath, { source, global }: { readonly source: ReceiverSource; readonly global: GlobalDocument }): PagerdutyConfig[] {
  const routingKeyFile = source.secretFile({ key: 'routing_key', inline: config.routing_key, file: config.routing_key_file }, path);
  const at = config.url === undefined ? ['global', 'pagerduty_url'] : [...path, 'url'];
  const url = source.url(config.url ?? global?.pagerduty_url ?? EVENTS_URL, at);
  if (url !== undefined && !EVENTS_PATH.test(url.pathname)) source.refuse(at, 'routing/invalid-value', { message: 'this is not the address of Events API v2', hint: `the usual one is ${EVENTS_URL}` });
  if (routingKeyFile === undefined || url === undefined) return [];
  return [{ url: url.href, routingKeyFile, sendResolved: config.send_resolved ?? true }];
}
