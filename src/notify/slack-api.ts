import { WebClient } from '@slack/web-api';

/** Answers of Slack's own servers come within a second or two; ten is an outage. The SDK's default is no limit at all. */
const CALL_TIMEOUT_MS = 8_000;

export type SlackFailure =
  /** Slack said no: `error` is its word for it. */
  | { readonly kind: 'refused'; readonly error: string }
  | { readonly kind: 'rate-limited'; readonly retryAfterMs: number }
  /** `ambiguous`: the request may have been carried out. */
  | { readonly kind: 'unreachable'; readonly reason: string; readonly ambiguous: boolean };

export type SlackAnswer = { readonly ok: true; readonly body: Readonly<Record<string, unknown>> } | { readonly ok: false; readonly failure: SlackFailure };

export interface SlackApiOptions {
  readonly token: string;
  /** Where a stand-in listens; Slack itself when left out. */
  readonly apiUrl?: string;
  readonly timeoutMs?: number;
}

/** The connection could not be made at all, so nothing was carried out. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT']);

/**
 * Slack's Web API, one call at a time: exactly one request a call. The SDK would retry posts (which doubles messages) and pause every channel
 * for the rate limit of one; the outbox does both, and better.
 */
export class SlackApi {
  readonly #client: WebClient;

  constructor(options: SlackApiOptions) {
    this.#client = new WebClient(options.token, {
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      timeout: options.timeoutMs ?? CALL_TIMEOUT_MS,
      allowAbsoluteUrls: false,
      logger: SILENT,
      ...(options.apiUrl === undefined ? {} : { slackApiUrl: options.apiUrl }),
    });
  }

  async call(method: string, args: Readonly<Record<string, unknown>>): Promise<SlackAnswer> {
    try {
      return { ok: true, body: (await this.#client.apiCall(method, { ...args })) as unknown as Record<string, unknown> };
    } catch (error) {
      return { ok: false, failure: failureOf(error) };
    }
  }
}

/** The SDK's errors by their documented codes; `instanceof` would break where two copies of the package are installed. */
function failureOf(error: unknown): SlackFailure {
  const { code, data, retryAfter, statusCode, original, message } = error as SlackSdkError;
  switch (code) {
    case 'slack_webapi_platform_error': return { kind: 'refused', error: data?.error ?? 'unknown_error' };
    case 'slack_webapi_rate_limited_error': return { kind: 'rate-limited', retryAfterMs: (retryAfter ?? 1) * 1_000 };
    // A gateway's error says nothing about what happened behind it.
    case 'slack_webapi_http_error': return { kind: 'unreachable', reason: `Slack answered HTTP ${String(statusCode)}`, ambiguous: (statusCode ?? 500) >= 500 };
    default: {
      const cause = original?.cause?.code ?? original?.name ?? '';
      return { kind: 'unreachable', reason: `Slack could not be reached: ${original?.cause?.message ?? original?.message ?? message ?? 'no reason given'}`, ambiguous: !NEVER_SENT.has(cause) };
    }
  }
}

interface SlackSdkError {
  readonly code?: string;
  readonly message?: string;
  readonly data?: { readonly error?: string };
  readonly retryAfter?: number;
  readonly statusCode?: number;
  readonly original?: { readonly name?: string; readonly message?: string; readonly cause?: { readonly code?: string; readonly message?: string } };
}

/** Failures come back as values, with their reason; the SDK's own printing would only repeat them on stderr. */
const SILENT = {
  debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined,
  setLevel: () => undefined, getLevel: () => 'error' as never, setName: () => undefined,
};
