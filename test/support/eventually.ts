const PAUSE_MS = 50;

/** Tries until `check` throws nothing, and gives back what it returned. After `withinMs` its last error comes out. */
export async function eventually<T>(check: () => T | Promise<T>, { withinMs = 20_000 }: { readonly withinMs?: number } = {}): Promise<T> {
  const deadlineMs = Date.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
