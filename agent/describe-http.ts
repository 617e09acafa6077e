import { routeTemplate } from '../src/ingest/route-template.js';
import { RouteTable } from '../src/ingest/route-template-table.js';
import type { AttributePolicy } from './attribute-policy.js';
import { ConnectionCache } from './connection-cache.js';
import type { AttributePairs, PlainValue } from './otlp-span.js';
import type { ProtobufWriter } from './otlp/protobuf-writer.js';
import type { HttpExchange } from './protocols/http-exchange.js';
import { endsOf, MAX_TEXT } from './span-ends.js';
import type { SpanNode } from './span-node.js';
import { FewValues } from './value-cache.js';
import { lowerCase } from './wishes.js';
import type { Wording, Written } from './wording.js';

const NOT_FOUND = 404;
const MAX_OWNERS = 256;
/** Paths that are remembered of all owners together: each takes about a kilobyte. */
const MAX_PATHS = 4_096;
/** What a method that is none of these is called (semantic conventions, http.request.method). */
const KNOWN_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY']);
const OTHER_METHOD = '_OTHER';

/** What all requests of a connection share that name the same host. */
interface Ends {
  readonly authority: string;
  readonly version: string | undefined;
  readonly written: Written;
  readonly owner: Owner;
}

/** Whose routes these are: the service's own, or those of a host that it calls. */
interface Owner {
  /** What stands before the path in `url.full`. */
  readonly origin: string;
  readonly routes: RouteTable;
  paths: FewValues<Path>;
}

interface Path {
  readonly route: string;
  readonly written: Written;
  /** Names of spans, by method. */
  readonly names: Map<string, Uint8Array>;
}

/** HTTP spans by the semantic conventions 1.44. */
export class HttpDescriber {
  readonly #wording: Wording;
  #ends = new ConnectionCache<Ends>();
  readonly #owners = new Map<string, Owner>();
  #pathCount = 0;
  readonly #headers: ReadonlySet<string>;
  readonly #bodyBytes: number;

  constructor(wording: Wording, { captureHeaders, captureBodyBytes }: AttributePolicy) {
    this.#wording = wording;
    this.#headers = lowerCase(captureHeaders);
    this.#bodyBytes = captureBodyBytes;
  }

  write(writer: ProtobufWriter, node: SpanNode, exchange: HttpExchange): void {
    const wording = this.#wording;
    const { path, authority } = exchange;
    const method = KNOWN_METHODS.has(exchange.method) ? exchange.method : OTHER_METHOD;
    const ends = this.#endsOf(node, authority, exchange.version);
    const known = this.#path(ends.owner, path, exchange.statusCode);
    writer.raw(this.#name(known, method));
    wording.put(writer, ends.written);
    wording.put(writer, known.written);
    wording.putWord(writer, 'http.request.method', method);
    if (method === OTHER_METHOD) wording.putWord(writer, 'http.request.method_original', exchange.method);
    if (exchange.statusCode > 0) wording.putWord(writer, 'http.response.status_code', exchange.statusCode);
    if (exchange.userAgent !== undefined) wording.putWord(writer, 'user_agent.original', exchange.userAgent.slice(0, MAX_TEXT));
    if (isSize(exchange.requestBodySize)) wording.putNumber(writer, 'http.request.body.size', exchange.requestBodySize);
    if (isSize(exchange.responseBodySize)) wording.putNumber(writer, 'http.response.body.size', exchange.responseBodySize);
    if (hasCaptured(exchange)) wording.putAll(writer, this.#capturedOf(exchange));
  }

  #endsOf(node: SpanNode, authority: string, version: string | undefined): Ends {
    const known = this.#ends.get(node.connection);
    if (known?.authority === authority && known.version === version) return known;
    const { address, port } = addressOf(authority, node);
    const origin = node.kind === 'server' ? '' : `${node.scheme}://${address}:${port}`;
    const written = this.#wording.write([
      ['url.scheme', node.scheme], ['server.address', address], ['server.port', port], ...(version === undefined ? [] : [['network.protocol.version', version] as const]), ['tocsin.route', 'derived'], ...endsOf(node),
    ]);
    return this.#ends.set(node.connection, { authority, version, written, owner: this.#owner(origin) });
  }

  #owner(origin: string): Owner {
    let owner = this.#owners.get(origin);
    if (owner === undefined) {
      if (this.#owners.size >= MAX_OWNERS) this.#forgetOwners();
      owner = { origin, routes: new RouteTable(), paths: new FewValues() };
      this.#owners.set(origin, owner);
    }
    return owner;
  }

  #path(owner: Owner, path: string, statusCode: number): Path {
    const known = owner.paths.get(path);
    if (known !== undefined) return known;
    const route = path === '' ? '' : owner.routes.admit(routeTemplate(path), statusCode !== NOT_FOUND);
    const written = this.#wording.write(this.#wording.kind === 'server' ? serverTarget(path, route) : clientTarget(`${owner.origin}${path === '*' ? '' : path}`, route));
    const found: Path = { route, written, names: new Map() };
    // What is not found now may become a route.
    if (statusCode !== NOT_FOUND && owner.paths.remember(path, found)) this.#pathCount += 1;
    if (this.#pathCount >= MAX_PATHS) this.#forgetPaths();
    return found;
  }

  /** A program may call any number of hosts. */
  #forgetOwners(): void {
    this.#owners.clear();
    this.#ends = new ConnectionCache();
  }

  #forgetPaths(): void {
    for (const owner of this.#owners.values()) owner.paths = new FewValues();
    this.#pathCount = 0;
  }

  #name({ route, names }: Path, method: string): Uint8Array {
    let name = names.get(method);
    if (name === undefined) {
      name = this.#wording.name(`${method === OTHER_METHOD ? 'HTTP' : method} ${route}`.trimEnd());
      names.set(method, name);
    }
    return name;
  }

  /** Headers and bodies, where they are asked for now. */
  #capturedOf({ requestHeaders, responseHeaders, requestBody, responseBody }: HttpExchange): AttributePairs {
    const pairs: [string, PlainValue][] = [];
    for (const [name, value] of requestHeaders) if (this.#headers.has(name)) pairs.push([`http.request.header.${name}`, [value]]);
    for (const [name, value] of responseHeaders) if (this.#headers.has(name)) pairs.push([`http.response.header.${name}`, [value]]);
    if (this.#bodyBytes === 0) return pairs;
    if (requestBody.length > 0) pairs.push(['http.request.body.content', requestBody.toString('utf8', 0, this.#bodyBytes)]);
    if (responseBody.length > 0) pairs.push(['http.response.body.content', responseBody.toString('utf8', 0, this.#bodyBytes)]);
    return pairs;
  }
}

/** CONNECT has no path, and so no route. */
function serverTarget(path: string, route: string): AttributePairs {
  return route === '' ? [] : [['url.path', path.slice(0, MAX_TEXT)], ['http.route', route]];
}

/** The URL of `OPTIONS *` and of CONNECT ends with the authority (RFC 9110, 7.1). */
function clientTarget(url: string, route: string): AttributePairs {
  const full = ['url.full', url.slice(0, MAX_TEXT)] as const;
  return route === '' ? [full] : [full, ['url.template', route]];
}

function hasCaptured({ requestHeaders, responseHeaders, requestBody, responseBody }: HttpExchange): boolean {
  return requestHeaders.size > 0 || responseHeaders.size > 0 || requestBody.length > 0 || responseBody.length > 0;
}

function isSize(size: number | undefined): size is number {
  return size !== undefined && Number.isFinite(size);
}

function addressOf(authority: string, { kind, connection, scheme }: SpanNode): { readonly address: string; readonly port: number } {
  const match = /^(\[[\da-fA-F:.]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(authority);
  const standard = scheme === 'https' ? 443 : 80;
  if (match?.[1] !== undefined) return { address: match[1].replace(/^\[|\]$/g, '').slice(0, 255), port: match[2] === undefined ? standard : Number(match[2]) };
  return kind === 'client' ? { address: connection.remoteAddress, port: connection.remotePort } : { address: connection.localAddress, port: connection.localPort };
}
