import { Body, Controller, Get, Header, Inject, Post, Query, Res } from '@nestjs/common';
import { tokenCookie } from './access-policy.js';
import type { PageReply } from './http-types.js';
import { ownPath } from './request-trust.js';
import { SITE, type Site } from './site.js';

const SESSION_SECONDS = 30 * 24 * 3_600;
const MAX_TOKEN_LENGTH = 512;

@Controller()
export class LoginController {
  readonly #site: Site;

  constructor(@Inject(SITE) site: Site) {
    this.#site = site;
  }

  @Get('/login')
  @Header('content-type', 'text/html; charset=utf-8')
  form(@Query('next') next: unknown): string {
    return this.#site.renderAlone('login', { title: 'Log in', next: ownPath(next), wrong: false });
  }

  @Post('/login')
  async logIn(@Body() body: unknown, @Res() reply: PageReply): Promise<void> {
    const { token, next } = fieldsOf(body);
    const decision = this.#site.access.authorize(token, 'viewer');
    if (!decision.allowed) {
      const page = this.#site.renderAlone('login', { title: 'Log in', next: ownPath(next), wrong: true });
      await reply.code(401).header('content-type', 'text/html; charset=utf-8').send(page);
      return;
    }
    const secure = this.#site.address.publicUrl.startsWith('https:');
    await reply.header('set-cookie', tokenCookie(token, { secure, maxAgeSeconds: SESSION_SECONDS })).redirect(ownPath(next), 303);
  }

  @Post('/logout')
  async logOut(@Res() reply: PageReply): Promise<void> {
    const secure = this.#site.address.publicUrl.startsWith('https:');
    await reply.header('set-cookie', tokenCookie('', { secure, maxAgeSeconds: 0 })).redirect('/login', 303);
  }
}

function fieldsOf(body: unknown): { readonly token: string; readonly next: unknown } {
  const fields = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
  const token = fields['token'];
  return { token: typeof token === 'string' ? token.trim().slice(0, MAX_TOKEN_LENGTH) : '', next: fields['next'] };
}
