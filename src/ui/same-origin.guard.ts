import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ApiError } from '../query/api-error.js';
import type { PageRequest } from './http-types.js';
import { isSameOrigin } from './request-trust.js';
import { UI_OPTIONS, type UiOptions } from './ui-options.js';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

@Injectable()
export class SameOriginGuard implements CanActivate {
  readonly #options: UiOptions;

  constructor(@Inject(UI_OPTIONS) options: UiOptions) {
    this.#options = options;
  }

  canActivate(context: ExecutionContext): boolean {
    const { method, headers } = context.switchToHttp().getRequest<PageRequest>();
    const { host, origin } = headers;
    const site = headers['sec-fetch-site'];
    if (SAFE_METHODS.has(method)) return true;
    if (isSameOrigin({ host, origin, 'sec-fetch-site': typeof site === 'string' ? site : undefined }, this.#options.address)) return true;
    throw new ApiError('request/foreign-origin', 'this change was asked for by another site', { hint: 'Use the buttons on the pages of Tocsin itself.' });
  }
}
