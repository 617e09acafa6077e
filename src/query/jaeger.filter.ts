import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { ApiError } from './api-error.js';
import { foreignApiStatus } from './foreign-api-status.js';

interface Reply {
  code(status: number): { send(body: unknown): unknown };
}

/** Jaeger's UI shows the messages of `errors` where an answer has them, and all of its text where not; clients of `/api/v3` read `error`. What is no ApiError goes on to the filter of the pages. */
@Catch(ApiError)
export class JaegerFilter implements ExceptionFilter {
  catch(error: ApiError, host: ArgumentsHost): void {
    const status = foreignApiStatus(error.code);
    const message = `${error.message}${error.hint === '' ? '' : `: ${error.hint}`}`;
    host.switchToHttp().getResponse<Reply>().code(status).send({ data: null, total: 0, limit: 0, offset: 0, errors: [{ code: status, msg: message }], error: { httpCode: status, message } });
  }
}
