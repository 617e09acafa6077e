import { Controller, Get, Header, Inject } from '@nestjs/common';
import { capitalised } from '../lib/format.js';
import { apiRoutes, type ApiRoute } from '../query/openapi.js';
import { groupBy } from '../lib/group-by.js';
import { SITE, type Site } from './site.js';

/** The API for people: what `/api/openapi.json` says to programs. */
@Controller('/api')
export class ApiPageController {
  readonly #site: Site;

  constructor(@Inject(SITE) site: Site) {
    this.#site = site;
  }

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    const { address, access } = this.#site;
    const token = access.tokensRequired ? ' -H "Authorization: Bearer $TOCSIN_TOKEN"' : '';
    return this.#site.render({ template: 'api', title: 'API', section: 'api', groups: groupsOf(apiRoutes()), example: `curl -s${token} ${address.publicUrl}/api/v1/slos` });
  }
}

const TITLES: Readonly<Record<string, string>> = { slos: 'SLOs', gates: 'Release gates', quality: 'Trace quality', signatures: 'Errors' };

/** By what the address names first: `/api/v1/incidents/{id}/notes` is about incidents. */
function groupsOf(routes: readonly ApiRoute[]): { readonly title: string; readonly routes: readonly ApiRoute[] }[] {
  return [...groupBy(routes, ({ path }) => path.split('/')[3] ?? path)].map(([name, those]) => ({ title: TITLES[name] ?? capitalised(name.replaceAll('-', ' ')), routes: those }));
}
