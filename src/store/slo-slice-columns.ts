/** Many slices as columns: they cross from the store's thread without being copied, and without an object each. */
export interface SloSliceColumns {
  readonly count: number;
  readonly sliceKeys: readonly string[];
  /** Row → index into `sliceKeys`. */
  readonly sliceKeyIndex: Uint32Array;
  readonly eventMinutes: Int32Array;
  readonly good: Float64Array;
  readonly bad: Float64Array;
  readonly goodSquared: Float64Array;
  readonly badSquared: Float64Array;
  readonly events: Float64Array;
  readonly unknownWeight: Float64Array;
}

/** One minute of one SLO, summed over all arrivals. */
export interface SloMinute {
  readonly sliceKey: string;
  readonly eventMinute: number;
  readonly good: number;
  readonly bad: number;
  readonly goodSquared: number;
  readonly badSquared: number;
  readonly events: number;
  readonly unknownWeight: number;
}

export function* sloMinutes(columns: SloSliceColumns): Generator<SloMinute> {
  for (let row = 0; row < columns.count; row += 1) {
    yield {
      sliceKey: columns.sliceKeys[columns.sliceKeyIndex[row] ?? 0] ?? '',
      eventMinute: columns.eventMinutes[row] ?? 0,
      good: columns.good[row] ?? 0,
      bad: columns.bad[row] ?? 0,
      goodSquared: columns.goodSquared[row] ?? 0,
      badSquared: columns.badSquared[row] ?? 0,
      events: columns.events[row] ?? 0,
      unknownWeight: columns.unknownWeight[row] ?? 0,
    };
  }
}

/** The buffers to transfer when the columns go to another thread. */
export function buffersOf(columns: SloSliceColumns): ArrayBuffer[] {
  return Object.values(columns).flatMap((column) => (ArrayBuffer.isView(column) ? [column.buffer as ArrayBuffer] : []));
}
