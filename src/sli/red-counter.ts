import { MINUTE_MS } from '../lib/duration.js';
import { SPAN_KINDS, SPAN_STATUSES, type SpanBatch, type SpanKind } from '../trace/span-batch.js';
import { MAX_LATENCY_BUCKET, bucketOf } from './latency-bucket.js';
import { OTHER_OPERATION, type OperationLimiter } from './operation-limiter.js';
import type { RedSlice } from './slice.js';

export interface RedCounts {
  readonly slices: RedSlice[];
  /** Spans counted under `other` because their service has too many operations. */
  readonly overLimit: number;
}

const STATUS_ERROR = SPAN_STATUSES.indexOf('error');
const BUCKETS = MAX_LATENCY_BUCKET + 1;
/** Requests (server, consumer) and what they ask of others (client, producer: the dependencies). Internal and unspecified spans are neither. */
const COUNTED: readonly SpanKind[] = ['server', 'consumer', 'client', 'producer'];
const IS_COUNTED = SPAN_KINDS.map((kind) => COUNTED.includes(kind));

/** Slices of one operation by kind, event minute and latency bucket, in one number. */
interface OperationCell {
  readonly operation: string;
  readonly overLimit: boolean;
  readonly slices: Map<number, RedSlice>;
}

interface ServiceCell {
  readonly service: string;
  readonly operations: Map<string, OperationCell>;
  readonly other: OperationCell;
}

/** Rate, errors and durations of a batch per service, operation and kind. */
export function countRed(batch: SpanBatch, arrivalMinute: number, limiter: OperationLimiter): RedCounts {
  const slices: RedSlice[] = [];
  const services = servicesOf(batch);
  let overLimit = 0;
  limiter.startBatch(arrivalMinute);
  for (let row = 0; row < batch.count; row += 1) {
    const kind = batch.kinds[row] ?? 0;
    const service = services[batch.resourceIndex[row] ?? 0];
    if (IS_COUNTED[kind] !== true || service === undefined) continue;
    const cell = operationOf(service, batch.names[row] ?? '', limiter);
    if (cell.overLimit) overLimit += 1;
    const eventMinute = Math.floor((batch.endMs[row] ?? 0) / MINUTE_MS);
    const durationNs = batch.durationNs[row] ?? 0;
    const bucket = bucketOf(durationNs);
    const key = ((eventMinute - arrivalMinute) * SPAN_KINDS.length + kind) * BUCKETS + bucket;
    let slice = cell.slices.get(key);
    if (slice === undefined) {
      slice = { service: service.service, operation: cell.operation, kind, eventMinute, arrivalMinute, bucket, spans: 0, errors: 0, durationNs: 0, spansSquared: 0, errorsSquared: 0 };
      cell.slices.set(key, slice);
      slices.push(slice);
    }
    const weight = batch.weights[row] ?? 1;
    slice.spans += weight;
    slice.spansSquared += weight * weight;
    slice.durationNs += weight * durationNs;
    if (batch.statuses[row] !== STATUS_ERROR) continue;
    slice.errors += weight;
    slice.errorsSquared += weight * weight;
  }
  return { slices, overLimit };
}

/** Index of resource → cell; resources of one service (its instances) share one. */
function servicesOf(batch: SpanBatch): readonly ServiceCell[] {
  const byName = new Map<string, ServiceCell>();
  return batch.resources.map(({ serviceName }) => {
    const known = byName.get(serviceName);
    if (known !== undefined) return known;
    const other = { operation: OTHER_OPERATION, overLimit: true, slices: new Map<number, RedSlice>() };
    const cell = { service: serviceName, operations: new Map<string, OperationCell>(), other };
    byName.set(serviceName, cell);
    return cell;
  });
}

function operationOf(service: ServiceCell, name: string, limiter: OperationLimiter): OperationCell {
  const known = service.operations.get(name);
  if (known !== undefined) return known;
  const cell = limiter.admits(service.service, name) ? { operation: name, overLimit: false, slices: new Map<number, RedSlice>() } : service.other;
  service.operations.set(name, cell);
  return cell;
}
