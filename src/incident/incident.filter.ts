import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { IncidentApiError, type IncidentApiErrorCode } from './incident-api-error.js';

const ANSWERS = {
  'request/invalid': { status: 400, title: 'That request is not right' },
  'incident/not-found': { status: 404, title: 'Not found' },
  'silence/not-found': { status: 404, title: 'Not found' },
  'incident/resolved': { status: 409, title: 'Too late' },
} as const satisfies Readonly<Record<IncidentApiErrorCode, { readonly status: number; readonly title: string }>>;

/** Problem documents (RFC 9457) for the errors of this stage; every other error goes on to the application's filter. */
@Catch(IncidentApiError)
export class IncidentFilter implements ExceptionFilter<IncidentApiError> {
  async catch(error: IncidentApiError, host: ArgumentsHost): Promise<void> {
    const { status, title } = ANSWERS[error.code];
    const body = { type: `urn:tocsin:error:${error.code.replace('/', ':')}`, title, status, code: error.code, detail: error.message, hint: error.hint };
    await host.switchToHttp().getResponse<FastifyReply>().code(status).header('content-type', 'application/problem+json').send(JSON.stringify(body));
  }
}
