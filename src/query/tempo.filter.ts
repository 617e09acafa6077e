import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { ApiError } from './api-error.js';

interface Reply {
  code(status: number): { header(name: string, value: string): { send(body: string): unknown } };
}

const STATUS: Readonly<Record<string, number>> = {
  'trace/not-found': 404, 'traceql/too-much': 422, 'request/not-found': 404, 'request/foreign-host': 421, 'request/foreign-origin': 403,
  'access/token-missing': 401, 'access/token-rejected': 401, 'access/role-too-low': 403, 'request/failed': 500,
};

/** Grafana shows the body of an error as it comes, so it is one sentence of plain text. What is no ApiError goes on to the filter of the pages. */
@Catch(ApiError)
export class TempoFilter implements ExceptionFilter {
  catch(error: ApiError, host: ArgumentsHost): void {
    const status = STATUS[error.code] ?? 400;
    const { line, column } = error.extra;
    const place = typeof column === 'number' ? ` (${typeof line === 'number' && line > 1 ? `line ${line}, ` : ''}column ${column})` : '';
    host.switchToHttp().getResponse<Reply>().code(status).header('content-type', 'text/plain; charset=utf-8').send(`${error.message}${place}${error.hint === '' ? '' : `: ${error.hint}`}`);
  }
}
