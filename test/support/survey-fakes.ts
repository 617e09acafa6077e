import type { Heatmap, HeatmapCell, SurveyReader } from '../../src/query/survey-reader.js';
import type { TimeWindow } from '../../src/query/time-window.js';
import type { CallCount } from '../../src/query/graph-metrics.js';
import { FAILED_SPAN_ID, FAILED_TRACE_ID, HOSTILE_TEXT } from './page-trace.js';

const MINUTE_MS = 60_000;
const COLUMNS = 60;

/** A band of usual durations, and from the fiftieth column on a second one above it that fails. */
export function surveyFakes(isEmpty: boolean): SurveyReader {
  const heatmap = async ({ fromMs, toMs }: TimeWindow): Promise<Heatmap> => {
    const start = Math.floor(fromMs / MINUTE_MS) * MINUTE_MS;
    const stepMs = Math.max(1, Math.ceil((toMs - start) / MINUTE_MS / COLUMNS)) * MINUTE_MS;
    const columns = Math.ceil((toMs - start) / stepMs);
    return { fromMs: start, stepMs, columns, cells: isEmpty ? [] : Array.from({ length: columns }, (_, column) => cellsOf(column, columns)).flat() };
  };
  return {
    heatmap, requestHeatmap: heatmap,
    exemplars: async () => (isEmpty ? [] : [{ step: 20, ofFailed: false, traceId: FAILED_TRACE_ID, spanId: FAILED_SPAN_ID, name: 'POST /orders', durationNs: 190e6 }, { step: 55, ofFailed: true, traceId: FAILED_TRACE_ID, spanId: FAILED_SPAN_ID, name: HOSTILE_TEXT, durationNs: 812e6 }]),
    breakdown: async ({ fields }) => ({
      found: isEmpty ? 0 : 120_000, looked: isEmpty ? 0 : 50_000, weighted: isEmpty ? 0 : 120_000,
      fields: fields.map((field, index) => {
        const values = isEmpty || index % 4 === 3 ? [] : [{ value: `value ${index}`, spans: 80_412, errors: 4_812.4, p99Ns: 812e6 }, { value: index === 2 ? HOSTILE_TEXT : index === 1 ? 503 : 'other', spans: 31_002, errors: 0, p99Ns: 64e6 }];
        return { field, distinct: values.length === 0 ? 0 : 7, values };
      }),
    }),
  };
}

function cellsOf(column: number, columns: number): readonly HeatmapCell[] {
  const usual = [46, 47, 48, 49, 50].map((row): HeatmapCell => ({ column, row, spans: Math.round(400 * Math.exp(-((row - 47.5 - Math.sin(column / 9)) ** 2) / 2)) + 1, errors: 0 }));
  const slow = column < columns * 0.84 ? [] : [57, 58, 59].map((row): HeatmapCell => ({ column, row, spans: 40 - Math.abs(58 - row) * 15, errors: 22 - Math.abs(58 - row) * 9 }));
  return [...usual, ...slow];
}

/** A shop whose payment fails, a queue, a call back, a database, and others' services. */
export function callFakes(): readonly CallCount[] {
  const call = (client: string, server: string, changes: Partial<CallCount> = {}): CallCount => ({ client, server, kind: 'call', bucket: 440, calls: 12_000, failed: 3, durationNs: 2e11, ...changes });
  return [
    call('front', 'catalogue'), call('front', 'checkout', { calls: 4_000, failed: 250, bucket: 480 }), call('checkout', 'payment', { calls: 3_900, failed: 241 }), call('checkout', 'orders', { kind: 'database', calls: 8_000, failed: 0 }),
    call('catalogue', 'items', { kind: 'database', calls: 30_000, failed: 0, bucket: 400 }), call('payment', 'bank-gateway.example', { kind: 'external', calls: 4_000, failed: 240 }), call('checkout', 'mail', { kind: 'messaging', calls: 900, failed: 0 }),
    call('payment', 'front', { calls: 2, failed: 0 }), call('mail', HOSTILE_TEXT, { kind: 'external', calls: 7, failed: 0 }),
  ];
}
