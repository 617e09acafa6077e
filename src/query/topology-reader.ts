import type { SpanKind } from '../trace/span-batch.js';
import type { CallCount } from './graph-metrics.js';
import type { TimeWindow } from './time-window.js';

/** More than a list on a page holds. */
export const OPERATION_LIMIT = 5_000;

export interface SpanOperation {
  readonly name: string;
  readonly kind: SpanKind;
}

export interface ServiceCall {
  readonly parent: string;
  readonly child: string;
  /** Weighted. */
  readonly calls: number;
}

/** Which services there are, what they do and whom they call, from the spans that are stored. */
export interface TopologyReader {
  serviceNames(window: TimeWindow): Promise<readonly string[]>;
  spanOperations(service: string, window: TimeWindow): Promise<readonly SpanOperation[]>;
  dependencies(window: TimeWindow): Promise<readonly ServiceCall[]>;
  /** From all spans, kept or not: what was counted when they came in. */
  calls(window: TimeWindow): Promise<readonly CallCount[]>;
}
