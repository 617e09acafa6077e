import { isWord, PLACEHOLDER, type LinkTemplate, type LinkWord } from '../config/link-template.js';
import { MINUTE_MS } from '../lib/duration.js';
import type { Attributes, Span } from '../trace/span.js';

/** `{from}` and `{to}` reach so far beyond the span: what explains it is often logged a little before or after it. */
export const AROUND_MS = 5 * MINUTE_MS;

export interface LinkOut {
  readonly name: string;
  readonly url: string;
}

/** Links of one span to other tools. One whose placeholder has no value for this span is left out: it would lead nowhere. */
export function linksOut(templates: readonly LinkTemplate[], span: Span): LinkOut[] {
  return templates.flatMap(({ name, url }) => {
    const values = [...url.matchAll(PLACEHOLDER)].map(([, placeholder = '']) => valueOf(placeholder, span));
    if (values.some((value) => value === undefined || value === '')) return [];
    return [{ name, url: url.replaceAll(PLACEHOLDER, () => encodeURIComponent(values.shift() ?? '')) }];
  });
}

function valueOf(placeholder: string, span: Span): string | undefined {
  if (isWord(placeholder)) return wordOf(placeholder, span);
  const [, scope, key = ''] = /^(resource|span)\.(.+)$/.exec(placeholder) ?? [];
  return textOf(scope === 'resource' ? span.resource : span.attributes, key);
}

function wordOf(word: LinkWord, { traceId, spanId, serviceName, name, startNs, durationNs }: Span): string {
  const fromMs = Number(startNs / 1_000_000n) - AROUND_MS;
  const toMs = Math.ceil((Number(startNs % 1_000_000n) + durationNs) / 1e6) + Number(startNs / 1_000_000n) + AROUND_MS;
  switch (word) {
    case 'trace_id': return traceId;
    case 'span_id': return spanId;
    case 'service': return serviceName;
    case 'name': return name;
    case 'from': return String(fromMs);
    case 'to': return String(toMs);
    case 'from_iso': return new Date(fromMs).toISOString();
    case 'to_iso': return new Date(toMs).toISOString();
  }
}

function textOf(attributes: Attributes, key: string): string | undefined {
  const value = Object.hasOwn(attributes, key) ? attributes[key] : undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' ? String(value) : undefined;
}
