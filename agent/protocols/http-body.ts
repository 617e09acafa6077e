/** What is kept of one body: its first bytes, as far as they were seen without a hole. Line breaks behind chunks are no part of it. */
export class BodyStart {
  /** Bytes that may still be kept. */
  #room = 0;
  /** Content that is still to come before something else, the line break behind a chunk, does. */
  #content = 0;

  /** A body begins, of which up to `room` bytes are wanted. */
  begin(room: number): void {
    this.#room = room;
    this.#content = 0;
  }

  /** So many bytes of content come next. */
  expect(bytes: number): void {
    this.#content = bytes;
  }

  /** `before` and what belongs to it of the `count` bytes at `from`; -1 where nobody saw them. */
  add(before: Buffer, bytes: Buffer, { from, count }: { readonly from: number; readonly count: number }): Buffer {
    if (this.#room === 0) return before;
    const content = Math.min(count, this.#content);
    this.#content -= content;
    // What follows a hole does not follow what stood before it.
    if (from < 0 && content > 0) this.#room = 0;
    const kept = Math.min(content, this.#room);
    if (kept === 0) return before;
    this.#room -= kept;
    return Buffer.concat([before, bytes.subarray(from, from + kept)]);
  }
}
