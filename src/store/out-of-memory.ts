/** As DuckDB says it itself, and as it words the reason of a failed COMMIT. */
const SAID = /Out of Memory Error|could not allocate block|failed to (?:allocate|pin) (?:data|block)/;

/** Whether a statement failed because it needed more memory than the database may take: of less, it may succeed. By the text, because errors cross threads as one. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && SAID.test(error.message);
}
