import type { HistoryExtent, RecountQuery, ReplayHistory, SliceQuery } from '../../pipeline/replay-history.js';
import type { ArrivedSlice } from '../../pipeline/replay.js';
import { fromWire, type WireSlices } from '../../query/backtest-input.js';
import { printTraceql } from '../../trace/traceql/print.js';
import type { ServiceApi } from '../service-api.js';

interface WireExtent {
  readonly firstMinutes: Readonly<Record<string, number>>;
  readonly firstSpanMinute: number | null;
  readonly covered: readonly (readonly [number, number])[];
}

/** The past of a running service, which has the database open and answers over its API. */
export class HttpReplayHistory implements ReplayHistory {
  readonly #api: ServiceApi;

  constructor(api: ServiceApi) {
    this.#api = api;
  }

  async extent(query: SliceQuery): Promise<HistoryExtent> {
    const { firstMinutes, firstSpanMinute, covered } = await this.#api.post<WireExtent>('/api/v1/backtest/extent', query);
    return { firstMinutes: new Map(Object.entries(firstMinutes)), firstSpanMinute: firstSpanMinute ?? undefined, covered };
  }

  async slices(query: SliceQuery): Promise<readonly ArrivedSlice[]> {
    return fromWire(await this.#api.post<WireSlices>('/api/v1/backtest/slices', query));
  }

  async recount({ slo, ...range }: RecountQuery): Promise<readonly ArrivedSlice[]> {
    const { sliceKey, total, part, weight } = slo;
    return fromWire(await this.#api.post<WireSlices>('/api/v1/backtest/recount', { sliceKey, total: printTraceql(total), part: { polarity: part.polarity, query: printTraceql(part.query) }, weight, ...range }));
  }
}
