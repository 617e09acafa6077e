const LINK_TIMEOUT_MS = 5_000;

export interface LinkVerdict {
  readonly url: string;
  /** `OK`, or why not: `404`, `timeout`. */
  readonly verdict: string;
}

/** Opens each link that leads to our own service. Others belong to somebody else and are left alone. */
export async function checkLinks(urls: readonly string[], ownUrl: string): Promise<readonly LinkVerdict[]> {
  const own = [...new Set(urls.filter((url) => new URL(url).origin === new URL(ownUrl).origin))];
  const verdicts: LinkVerdict[] = [];
  for (const url of own) verdicts.push({ url, verdict: await open(url) });
  return verdicts;
}

async function open(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(LINK_TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.ok ? 'OK' : String(response.status);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
