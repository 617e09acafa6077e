import type { FastifyReply, FastifyRequest } from 'fastify';

/** The visitor, as the access guard found out. */
export type PageRequest = FastifyRequest & { actor?: string };
export type PageReply = FastifyReply;

/** The path without its query. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '/';
}
