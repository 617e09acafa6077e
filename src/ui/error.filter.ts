import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { ApiError, type ApiErrorCode } from '../query/api-error.js';
import { pathOf, type PageReply, type PageRequest } from './http-types.js';
import { PageRenderer } from './page-renderer.js';
import { ownPath } from './request-trust.js';
import { UI_OPTIONS, type UiOptions } from './ui-options.js';

/** Documented in docs/api.md; a test holds the two together. */
export const STATUS = {
  'request/invalid': 400, 'request/not-found': 404, 'request/foreign-host': 421, 'request/foreign-origin': 403, 'request/failed': 500,
  'access/token-missing': 401, 'access/token-rejected': 401, 'access/role-too-low': 403,
  'slo/not-found': 404, 'incident/not-found': 404, 'silence/not-found': 404, 'trace/not-found': 404, 'erasure/not-found': 404, 'trace/invalid-id': 400, 'traceql/invalid': 400, 'traceql/too-much': 422, 'service/not-found': 404, 'span/not-found': 404,
  'signature/not-found': 404, 'delivery/not-found': 404, 'delivery/overtaken': 409, 'drill/not-found': 404, 'drill/under-way': 409,
} as const satisfies Record<ApiErrorCode, number>;

const TITLE: Readonly<Record<number, string>> = {
  400: 'That request is not right', 401: 'Please log in', 403: 'Not allowed', 404: 'Not found', 409: 'Not any more', 413: 'Too large', 421: 'Wrong address', 422: 'Too much at once', 500: 'Something broke on our side',
};

/** Where exporters send (OTLP 1.x, "OTLP/HTTP request"). */
const OTLP_PATHS: ReadonlySet<string> = new Set(['/v1/traces', '/v1/logs', '/v1/metrics']);

interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly hint?: string;
  readonly [member: string]: unknown;
}

/** Every error leaves here: RFC 9457 problem documents for programs, a page with a way on for people. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  readonly #options: UiOptions;
  readonly #renderer: PageRenderer;

  constructor(@Inject(UI_OPTIONS) options: UiOptions, @Inject(PageRenderer) renderer: PageRenderer) {
    this.#options = options;
    this.#renderer = renderer;
  }

  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<PageRequest>();
    const reply = host.switchToHttp().getResponse<PageReply>();
    const path = pathOf(request);
    const problem = isForReceiver(request, path) ? this.#wrongPort(path) : problemOf(error);
    if (problem.status >= 500) this.#options.reportError(error, path);
    if (!wantsPage(request, path)) {
      await reply.code(problem.status).header('content-type', 'application/problem+json').send(JSON.stringify(problem));
    } else if (problem.status === 401 && request.method === 'GET') {
      await this.#askToLogIn(request, reply);
    } else {
      const page = this.#renderer.render('error', { title: problem.title, problem, path });
      await reply.code(problem.status).header('content-type', 'text/html; charset=utf-8').send(page);
    }
  }

  /** An exporter logs the body of a refusal: it says where spans are taken. */
  #wrongPort(path: string): ProblemDocument {
    const { httpUrl, grpcUrl } = this.#options.otlp;
    return { ...head(404, 'request/not-found'), detail: `${path} is no address of the pages and the API: traces and logs are taken at another port.`, hint: `Send OTLP over HTTP to ${httpUrl}, over gRPC to ${grpcUrl}. Metrics are not taken.` };
  }

  /**
   * A link from Slack is a cross-site navigation, on which a SameSite=Strict cookie stays at home: a page that reloads itself
   * makes the next request our own, and whoever is logged in comes through.
   */
  async #askToLogIn(request: PageRequest, reply: PageReply): Promise<void> {
    if (request.headers['sec-fetch-site'] === 'cross-site') {
      await reply.code(200).header('content-type', 'text/html; charset=utf-8').send(this.#renderer.render('same-site', { title: 'Opening', url: ownPath(request.url) }));
      return;
    }
    await reply.redirect(`/login?next=${encodeURIComponent(request.url)}`, 303);
  }
}

function wantsPage(request: PageRequest, path: string): boolean {
  return !path.startsWith('/api/') && !path.startsWith('/assets/') && (request.headers.accept ?? '').includes('text/html');
}

function problemOf(error: unknown): ProblemDocument {
  if (error instanceof ApiError) {
    const status = STATUS[error.code];
    return { ...error.extra, ...head(status, error.code), detail: error.message, ...(error.hint === '' ? {} : { hint: error.hint }) };
  }
  const status = statusOf(error);
  if (status === 404) return { ...head(404, 'request/not-found'), detail: 'There is nothing at this address.', hint: 'The API is described at /api/openapi.json.' };
  if (status < 500) return { ...head(status, 'request/invalid'), detail: error instanceof Error ? error.message : 'The request could not be read.' };
  return { ...head(500, 'request/failed'), detail: 'The request failed for a reason that is not yours.', hint: 'Try again. The log of the service says what happened.' };
}

function head(status: number, code: ApiErrorCode): Pick<ProblemDocument, 'type' | 'title' | 'status' | 'code'> {
  return { type: `urn:tocsin:error:${code.replace('/', ':')}`, title: TITLE[status] ?? 'That request is not right', status, code };
}

/** Nest says it by HttpException, Fastify (body too large, broken JSON) by a number on the error. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  return 500;
}

function isForReceiver({ method }: PageRequest, path: string): boolean {
  return method === 'POST' && OTLP_PATHS.has(path);
}
