import { MAX_LATENCY_BUCKET } from './latency-bucket.js';
import { EDGE_KINDS, type GraphSlice } from './slice.js';

const BUCKETS = MAX_LATENCY_BUCKET + 1;

/** The slices of one batch, one object for each edge, minute and latency bucket. */
export class SliceTable {
  readonly slices: GraphSlice[] = [];
  readonly #arrivalMinute: number;
  readonly #byClient = new Map<string, Map<string, Map<number, GraphSlice>>>();

  constructor(arrivalMinute: number) {
    this.#arrivalMinute = arrivalMinute;
  }

  of(key: Pick<GraphSlice, 'client' | 'server' | 'kind' | 'eventMinute' | 'bucket'>): GraphSlice {
    const byCell = this.#cellsOf(key.client, key.server);
    const cell = ((key.eventMinute - this.#arrivalMinute) * EDGE_KINDS.length + EDGE_KINDS.indexOf(key.kind)) * BUCKETS + key.bucket;
    const known = byCell.get(cell);
    if (known !== undefined) return known;
    const slice: GraphSlice = { ...key, arrivalMinute: this.#arrivalMinute, calls: 0, failed: 0, clientNs: 0, serverNs: 0 };
    byCell.set(cell, slice);
    this.slices.push(slice);
    return slice;
  }

  #cellsOf(client: string, server: string): Map<number, GraphSlice> {
    let byServer = this.#byClient.get(client);
    if (byServer === undefined) {
      byServer = new Map();
      this.#byClient.set(client, byServer);
    }
    let byCell = byServer.get(server);
    if (byCell === undefined) {
      byCell = new Map();
      byServer.set(server, byCell);
    }
    return byCell;
  }
}
