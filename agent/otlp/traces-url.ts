import type { OtlpSettings } from '../config/agent-config.js';

/** OTLP over HTTP has its path; an endpoint that names one already is taken as it is. */
export function tracesUrl({ endpoint, protocol }: Pick<OtlpSettings, 'endpoint' | 'protocol'>): URL {
  const url = new URL(endpoint);
  if (protocol === 'http/protobuf' && !url.pathname.endsWith('/v1/traces')) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  return url;
}
