import { attributeOf } from '../trace/attribute-json.js';
import type { Attribute } from '../trace/attribute.js';
import { HTTP_STATUS_KEYS } from '../trace/http-status.js';
import { KEY, type KnownKey } from './normalise-keys.js';
import type { RowNormaliser } from './normalise-row.js';
import type { ServiceState } from './normalise-services.js';
import { pathOfName, pathOfUrl, routeTemplate } from './route-template.js';

const MAX_REMEMBERED = 8_192;
/** Longer paths are read anew each time. */
const MAX_REMEMBERED_CHARACTERS = 256;
const NOT_FOUND = 404;
const DERIVED = attributeOf('tocsin.route', 'derived');

/** What a span without a route of its own gets. */
export interface RowRoute {
  /** Undefined where it gets none. */
  readonly attributes: readonly Attribute[] | undefined;
  /** Undefined where the span keeps its name. */
  readonly name: string | undefined;
}

interface NameParts {
  readonly prefix: string;
  readonly path: string;
  readonly template: string;
}

/** Routes for SERVER spans without `http.route` and CLIENT spans without `url.template`, and names for those whose name holds a path. */
export class RouteNamer {
  readonly #row: RowNormaliser;
  readonly #templates = new Memo<string>();
  readonly #names = new Memo<NameParts | null>();
  readonly #serverRoutes = new Memo<readonly Attribute[]>();
  readonly #clientRoutes = new Memo<readonly Attribute[]>();

  readonly #pathKeys: readonly [KnownKey, KnownKey];
  readonly #urlKeys: readonly [KnownKey, KnownKey];
  readonly #statusKeys: readonly KnownKey[];

  constructor(row: RowNormaliser) {
    const { table } = row;
    this.#row = row;
    this.#pathKeys = [table.of('url.path'), table.of('http.target')];
    this.#urlKeys = [table.of('url.full'), table.of('http.url')];
    this.#statusKeys = HTTP_STATUS_KEYS.map((key) => table.of(key));
  }

  /** Of the row that `row` has read; `undefined` where there is nothing to do. */
  of(name: string, isServer: boolean, service: ServiceState): RowRoute | undefined {
    const { seen } = this.#row;
    if ((seen & (isServer ? KEY.route : KEY.route | KEY.template)) !== 0 || (seen & KEY.otherProtocol) !== 0) return undefined;
    const named = this.#partsOf(name);
    if ((seen & KEY.http) === 0 && named === null) return undefined;
    const path = this.#sentPath();
    // A bare `/path` as a name may be a method of an RPC: without sign of HTTP it gives no route.
    const isHttp = (seen & KEY.http) !== 0 || (named !== null && named.prefix !== '');
    const template = path === undefined ? (isHttp ? named?.template : undefined) : this.#templateOf(path);
    const routes = isServer ? service.server : service.client;
    const mayClaim = !this.#isNotFound();
    const attributes = template === undefined ? undefined : this.#route(template, { isServer, admitted: routes.admit(template, mayClaim), service });
    const newName = named === null ? undefined : renamed(name, named, routes.admit(named.template, mayClaim));
    if (newName === undefined) return attributes === undefined ? undefined : { attributes, name: undefined };
    service.namesTemplated += 1;
    // The path that stood in the name is kept where nothing else says it.
    const original = path === undefined ? [...(attributes ?? []), attributeOf('tocsin.name.original', name)] : attributes;
    return { attributes: original, name: newName };
  }

  #route(template: string, { isServer, admitted, service }: { isServer: boolean; admitted: string; service: ServiceState }): readonly Attribute[] {
    service.routesDerived += 1;
    if (admitted !== template) service.routesOverLimit += 1;
    const memo = isServer ? this.#serverRoutes : this.#clientRoutes;
    return memo.get(admitted) ?? memo.remember(admitted, [attributeOf(isServer ? 'http.route' : 'url.template', admitted), DERIVED]);
  }

  #templateOf(path: string): string {
    return this.#templates.get(path) ?? this.#templates.remember(path, routeTemplate(path));
  }

  #partsOf(name: string): NameParts | null {
    if (!name.includes('/')) return null;
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const parts = pathOfName(name);
    return this.#names.remember(name, parts === undefined ? null : { ...parts, template: routeTemplate(parts.path) });
  }

  /** From `url.path`, `http.target`, `url.full` or `http.url`. */
  #sentPath(): string | undefined {
    const path = this.#text(this.#pathKeys);
    if (path?.startsWith('/') === true) return path;
    const url = path ?? this.#text(this.#urlKeys);
    return url === undefined ? undefined : pathOfUrl(url);
  }

  #text(keys: readonly KnownKey[]): string | undefined {
    for (const key of keys) {
      const value = this.#row.sent(key)?.value;
      if (typeof value === 'string' && value !== '') return value;
    }
    return undefined;
  }

  /** Whoever looks for holes asks for a thousand paths that do not exist; they must not take the places of those that do. */
  #isNotFound(): boolean {
    return this.#statusKeys.some((key) => this.#row.sent(key)?.value === NOT_FOUND);
  }
}

function renamed(name: string, { prefix }: NameParts, route: string): string | undefined {
  const templated = prefix + route;
  return templated === name ? undefined : templated;
}

/** Forgets everything when full, and starts anew. */
class Memo<Value> {
  readonly #known = new Map<string, Value>();

  get(text: string): Value | undefined {
    return this.#known.get(text);
  }

  remember(text: string, value: Value): Value {
    if (text.length > MAX_REMEMBERED_CHARACTERS) return value;
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.set(text, value);
    return value;
  }
}

