import { parameterise } from '../signature/parameterise.js';
import type { Attributes, Span } from '../trace/span.js';
import { eventOf, type EventTrace } from './finding.js';

/** What one trace has: `region=eu-2` on the event itself, `payment: region=eu-2` on a span of another service. */
export interface CohortItem {
  /** Of another service than the event's; empty for the event. */
  readonly service: string;
  readonly attribute: string;
  readonly value: string;
}

export interface ItemizedTrace {
  readonly weight: number;
  /** Items by `itemKey`. */
  readonly items: ReadonlyMap<string, CohortItem>;
}

const MAX_VALUE_LENGTH = 80;
const MAX_SPANS_PER_TRACE = 200;
/** Items of one trace; the rest is left out. */
const MAX_ITEMS = 500;
/** A key with more values than this, and with a new one for every other trace, names its bearer: no cohort. */
const MANY_VALUES = 20;

/** Attributes that tell that it failed, or which process ran, not why: status, exceptions, ports, whole URLs. */
export const CONSEQUENCES = /^(?:error|exception|otel|telemetry|process|os|thread|code)\.|^(?:http\.(?:status_code|status_text|url|target|response\..*|response_content_length.*)|rpc\.(?:grpc\.status_code|response\.status_code)|url\.(?:full|query)|service\.name|(?:net|client|network|server)\..*port|net\.transport|(?:client|network\.peer|net\.peer|net\.sock\.peer)\.(?:address|ip|addr))$/;
const IDENTIFIERS = /<(?:uuid|hash|id|hex|traceparent|email|date|float)>/;

export function itemize(trace: EventTrace): ItemizedTrace {
  const event = eventOf(trace);
  const items = new Map<string, CohortItem>();
  if (event !== undefined) {
    addItems(items, event, '');
    for (const span of trace.spans.slice(0, MAX_SPANS_PER_TRACE)) if (span !== event) addItems(items, span, span.serviceName === event.serviceName ? '' : span.serviceName);
  }
  return { weight: event?.weight ?? 1, items };
}

/** Keys whose values name single requests, customers or machines. */
export function identifierKeys(traces: readonly ItemizedTrace[]): ReadonlySet<string> {
  const values = new Map<string, Set<string>>();
  const bearers = new Map<string, number>();
  for (const { items } of traces) {
    const own = new Set<string>();
    for (const item of items.values()) {
      const key = attributeKey(item);
      own.add(key);
      values.set(key, (values.get(key) ?? new Set<string>()).add(item.value));
    }
    for (const key of own) bearers.set(key, (bearers.get(key) ?? 0) + 1);
  }
  return new Set([...values].filter(([key, { size }]) => size > MANY_VALUES && size > (bearers.get(key) ?? 0) / 2).map(([key]) => key));
}

export function attributeKey({ service, attribute }: CohortItem): string {
  return JSON.stringify([service, attribute]);
}

export function itemKey({ service, attribute, value }: CohortItem): string {
  return JSON.stringify([service, attribute, value]);
}

function addItems(items: Map<string, CohortItem>, span: Span, service: string): void {
  const add = (attributes: Attributes): void => {
    for (const [attribute, raw] of Object.entries(attributes)) {
      if ((typeof raw !== 'string' && typeof raw !== 'number' && typeof raw !== 'boolean') || items.size >= MAX_ITEMS || CONSEQUENCES.test(attribute)) continue;
      const item = { service, attribute, value: String(raw) };
      if (item.value.length <= MAX_VALUE_LENGTH && !IDENTIFIERS.test(parameterise(item.value))) items.set(itemKey(item), item);
    }
  };
  add(span.attributes);
  add(span.resource);
}
