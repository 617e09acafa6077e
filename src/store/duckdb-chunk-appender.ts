import duckdb, { type Appender, type Connection, type DataChunk, type Vector } from '@duckdb/node-bindings';
import { assert } from '../lib/assert.js';
import { relocate, TextHeap } from './duckdb-text-heap.js';

/** DuckDB's vector size: rows a data chunk can hold. */
export const CHUNK_ROWS = 2048;
/** A chunk is handed over early when its strings reach this size, so that memory follows bytes, not rows. */
const CHUNK_TEXT_BYTES = 8 << 20;

const WIDTH = { UTINYINT: 1, BOOLEAN: 1, SMALLINT: 2, INTEGER: 4, UINTEGER: 4, DOUBLE: 8, BIGINT: 8, UBIGINT: 8, VARCHAR: 16 } as const;
export type ColumnType = keyof typeof WIDTH;
export type CellValue = number | bigint | string | boolean | null;

/** One column of the chunk under construction. Views of the same bytes: write through the one that fits. */
export class ChunkColumn {
  readonly bytes: Uint8Array;
  /** Low word first. Strings take four a row, 64-bit integers two. */
  readonly words: Uint32Array;
  readonly doubles: Float64Array;
  readonly bigints: BigInt64Array;
  readonly #shorts: Int16Array;
  /** One bit a row, 1 is valid; made on the first NULL. */
  readonly valid = new Uint8Array(CHUNK_ROWS / 8).fill(0xff);
  hasNull = false;

  constructor(readonly type: ColumnType) {
    const buffer = new ArrayBuffer(CHUNK_ROWS * WIDTH[type]);
    this.bytes = new Uint8Array(buffer);
    this.#shorts = new Int16Array(buffer);
    const aligned = WIDTH[type] >= 4;
    this.words = new Uint32Array(aligned ? buffer : new ArrayBuffer(0));
    this.doubles = new Float64Array(WIDTH[type] === 8 ? buffer : new ArrayBuffer(0));
    this.bigints = new BigInt64Array(WIDTH[type] === 8 ? buffer : new ArrayBuffer(0));
  }

  setNull(row: number): void {
    this.hasNull = true;
    const index = row >> 3;
    this.valid[index] = (this.valid[index] ?? 0) & ~(1 << (row & 7));
  }

  /** A whole number of up to 2^53 as a 64-bit integer, without making a bigint of it. */
  setWhole(row: number, value: number): void {
    const high = Math.floor(value / 0x1_0000_0000);
    this.words[row * 2] = value - high * 0x1_0000_0000;
    this.words[row * 2 + 1] = high;
  }

  setNumber(row: number, value: number | bigint | boolean): void {
    switch (this.type) {
      case 'DOUBLE': this.doubles[row] = Number(value); break;
      case 'BIGINT': case 'UBIGINT':
        if (typeof value === 'bigint') this.bigints[row] = BigInt.asIntN(64, value);
        else this.setWhole(row, Number(value));
        break;
      case 'INTEGER': case 'UINTEGER': this.words[row] = Number(value); break;
      case 'SMALLINT': this.#shorts[row] = Number(value); break;
      case 'UTINYINT': case 'BOOLEAN': this.bytes[row] = Number(value); break;
      case 'VARCHAR': assert(false, 'a number in a text column');
    }
  }

  clearNulls(): void {
    if (!this.hasNull) return;
    this.valid.fill(0xff);
    this.hasNull = false;
  }
}

/**
 * Appends rows to one table by data chunk, the fastest way in. Columns are filled in JavaScript memory and copied as a whole.
 * Between `open` and `close` the connection must be inside a transaction; a failure there means `abort` and a rollback.
 */
export class DuckdbChunkAppender {
  readonly columns: readonly ChunkColumn[];
  readonly text = new TextHeap();
  /** Rows in the chunk under construction. */
  rows = 0;
  readonly #table: string;
  readonly #chunk: DataChunk;
  readonly #vectors: readonly Vector[];
  readonly #textChunk: DataChunk;
  #appender: Appender | undefined;

  constructor(table: string, types: readonly ColumnType[]) {
    this.#table = table;
    this.columns = types.map((type) => new ChunkColumn(type));
    this.#chunk = duckdb.create_data_chunk(types.map((type) => duckdb.create_logical_type(duckdb.Type[type])));
    this.#vectors = types.map((_, index) => duckdb.data_chunk_get_vector(this.#chunk, index));
    this.#textChunk = duckdb.create_data_chunk([duckdb.create_logical_type(duckdb.Type.BLOB)]);
  }

  open(connection: Connection): void {
    assert(this.#appender === undefined, `the appender of ${this.#table} is open already`);
    this.#appender = duckdb.appender_create_ext(connection, null, null, this.#table);
  }

  /** Column by index; the number of columns is fixed by the constructor. */
  column(index: number): ChunkColumn {
    const column = this.columns[index];
    assert(column !== undefined, `${this.#table} has no column ${index}`);
    return column;
  }

  /** Room in this chunk; hands the chunk over when it is full. */
  room(): number {
    if (this.rows >= CHUNK_ROWS || this.text.used >= CHUNK_TEXT_BYTES) this.#handOver();
    return CHUNK_ROWS - this.rows;
  }

  /** The slow and simple way, for tables with few rows a commit. */
  appendRow(values: readonly CellValue[]): void {
    this.room();
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index] ?? null;
      const column = this.column(index);
      if (value === null) column.setNull(this.rows);
      else if (typeof value === 'string') this.text.putShared(value, column.words, this.rows * 4);
      else column.setNumber(this.rows, value);
    }
    this.rows += 1;
  }

  /** Hands over what is left and writes everything into the transaction. */
  close(): void {
    this.#handOver();
    const appender = this.#appender;
    this.#appender = undefined;
    if (appender !== undefined) duckdb.appender_close_sync(appender);
  }

  /** Forgets everything since `open`. */
  abort(): void {
    this.#reset();
    const appender = this.#appender;
    this.#appender = undefined;
    if (appender === undefined) return;
    try {
      duckdb.appender_clear(appender);
      duckdb.appender_close_sync(appender);
    } catch {
      // An appender whose flush failed says so again; its transaction is rolled back anyway.
    }
  }

  #handOver(): void {
    if (this.rows === 0) return;
    assert(this.#appender !== undefined, `the appender of ${this.#table} is not open`);
    duckdb.data_chunk_reset(this.#chunk);
    duckdb.data_chunk_set_size(this.#chunk, this.rows);
    const textBase = this.#lendText();
    this.columns.forEach((column, index) => {
      if (column.type === 'VARCHAR') relocate(column.words, this.rows, textBase);
      this.#copy(column, this.#vectors[index] as Vector);
    });
    duckdb.append_data_chunk(this.#appender, this.#chunk);
    this.#reset();
  }

  /** Copies the strings into DuckDB's memory in one call and returns their address. They stay there until the next chunk. */
  #lendText(): bigint {
    duckdb.data_chunk_reset(this.#textChunk);
    duckdb.data_chunk_set_size(this.#textChunk, 1);
    const vector = duckdb.data_chunk_get_vector(this.#textChunk, 0);
    duckdb.vector_assign_string_element_len(vector, 0, this.text.bytes());
    const cell = duckdb.vector_get_data(vector, WIDTH.VARCHAR);
    return new DataView(cell.buffer, cell.byteOffset, WIDTH.VARCHAR).getBigUint64(8, true);
  }

  #copy(column: ChunkColumn, vector: Vector): void {
    duckdb.copy_data_to_vector(vector, 0, column.bytes.buffer as ArrayBuffer, 0, this.rows * WIDTH[column.type]);
    if (!column.hasNull) return;
    duckdb.vector_ensure_validity_writable(vector);
    duckdb.copy_data_to_vector_validity(vector, 0, column.valid.buffer, 0, column.valid.byteLength);
  }

  #reset(): void {
    this.rows = 0;
    this.text.clear();
    for (const column of this.columns) column.clearNulls();
  }
}
