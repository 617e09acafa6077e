import type { FastifyReply, FastifyRequest } from 'fastify';

/** The visitor, as the access guard found out. */
export type PageRequest = FastifyRequest & { actor?: string };
export type PageReply = FastifyReply;

/** The pattern of the route that answers: `/api/v1/erasures`. However a path is spelled (escapes, absolute form), it is the one that the router chose. */
export function routeOf(request: FastifyRequest): string | undefined {
  return request.routeOptions.url;
}

/** The path without its query, as it was sent: to be shown and written down, not to decide by. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '/';
}
