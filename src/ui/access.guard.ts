import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ApiError } from '../query/api-error.js';
import { isPublicRoute, roleFor, tokenOf } from './access-policy.js';
import { routeOf, type PageRequest } from './http-types.js';
import { UI_OPTIONS, type UiOptions } from './ui-options.js';

@Injectable()
export class AccessGuard implements CanActivate {
  readonly #options: UiOptions;

  constructor(@Inject(UI_OPTIONS) options: UiOptions) {
    this.#options = options;
  }

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<PageRequest>();
    const route = routeOf(request);
    if (route !== undefined && isPublicRoute(route)) return true;
    const role = roleFor(request.method, route);
    const decision = this.#options.access.authorize(tokenOf(request.headers), role);
    if (decision.allowed) {
      request.actor = decision.actor;
      return true;
    }
    switch (decision.reason) {
      case 'missing':
        throw new ApiError('access/token-missing', 'a token is needed', { hint: 'Send it as "Authorization: Bearer …", or log in at /login.' });
      case 'unknown':
        throw new ApiError('access/token-rejected', 'this token is not known', { hint: 'Ask whoever runs Tocsin for a token, or log in again at /login.' });
      case 'role':
        throw new ApiError('access/role-too-low', `this needs the role ${role}`, { hint: 'Ask whoever runs Tocsin for a token with that role.' });
    }
  }
}
