import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ApiError } from '../query/api-error.js';
import type { PageRequest } from './http-types.js';
import { isTrustedHost } from './request-trust.js';
import { UI_OPTIONS, type UiOptions } from './ui-options.js';

@Injectable()
export class HostGuard implements CanActivate {
  readonly #options: UiOptions;

  constructor(@Inject(UI_OPTIONS) options: UiOptions) {
    this.#options = options;
  }

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<PageRequest>();
    if (isTrustedHost(headers.host, this.#options.address)) return true;
    throw new ApiError('request/foreign-host', `this address does not answer for the name "${(headers.host ?? '').slice(0, 100)}"`, {
      hint: 'Open it as http://127.0.0.1 or http://localhost, or set TOCSIN_PUBLIC_URL to the name you use.',
    });
  }
}
