/** Whether a statement failed because it needed more memory than the database may take: of less, it may succeed. By the text, because errors cross threads as one. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && error.message.includes('Out of Memory Error');
}
