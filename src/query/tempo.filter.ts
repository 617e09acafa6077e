import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { ApiError } from './api-error.js';
import { foreignApiStatus } from './foreign-api-status.js';

interface Reply {
  code(status: number): { header(name: string, value: string): { send(body: string): unknown } };
}

/** Grafana shows the body of an error as it comes, so it is one sentence of plain text. What is no ApiError goes on to the filter of the pages. */
@Catch(ApiError)
export class TempoFilter implements ExceptionFilter {
  catch(error: ApiError, host: ArgumentsHost): void {
    const status = foreignApiStatus(error.code);
    const { line, column } = error.extra;
    const place = typeof column === 'number' ? ` (${typeof line === 'number' && line > 1 ? `line ${line}, ` : ''}column ${column})` : '';
    host.switchToHttp().getResponse<Reply>().code(status).header('content-type', 'text/plain; charset=utf-8').send(`${error.message}${place}${error.hint === '' ? '' : `: ${error.hint}`}`);
  }
}
