import type { OtlpSettings } from '../config/agent-config.js';
import type { Signal } from './delivery.js';

const PATH_OF_SIGNAL = /\/v1\/(?:traces|logs)$/;

/** OTLP over HTTP has a path for each signal; an endpoint that names one already names where the others are as well. */
export function signalUrl({ endpoint, protocol }: Pick<OtlpSettings, 'endpoint' | 'protocol'>, signal: Signal): URL {
  const url = new URL(endpoint);
  if (protocol === 'http/protobuf') url.pathname = `${url.pathname.replace(PATH_OF_SIGNAL, '').replace(/\/$/, '')}/v1/${signal}`;
  return url;
}
