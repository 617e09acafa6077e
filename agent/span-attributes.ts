import { routeTemplate } from '../src/ingest/route-template.js';
import { RouteTable } from '../src/ingest/route-template-table.js';
import type { PlainValue } from './otlp-span.js';
import type { HttpExchange } from './protocols/http-exchange.js';
import type { RedisExchange } from './protocols/redis-exchange.js';
import type { SqlExchange } from './protocols/sql-exchange.js';
import type { SpanNode } from './span-node.js';
import { StatementReader } from './sql-statement.js';

/** What of an exchange may be told beyond the default. */
export interface AttributePolicy {
  readonly captureQueries: boolean;
  readonly sanitizeQueries: boolean;
  readonly maxQueryLength: number;
}

export interface Described {
  readonly name: string;
  readonly attributes: [string, PlainValue][];
  readonly isError: boolean;
  readonly statusMessage: string;
}

const NOT_FOUND = 404;
const MAX_SERVICES = 1_024;
const MAX_TEXT = 512;
const MAX_MESSAGE = 256;
/** What a method that is none of these is called (semantic conventions, http.request.method). */
const KNOWN_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY']);

/** Names and attributes by the semantic conventions: HTTP 1.44, database 1.44. Remembers routes and statements. */
export class Describer {
  readonly #statements = new StatementReader();
  readonly #routes = new Map<string, RouteTable>();

  /** `service`: whose routes these are. */
  describe(node: SpanNode, service: string, policy: AttributePolicy): Described {
    const described = this.#describe(node, service, policy);
    const { connection, exchange } = node;
    const isClient = node.kind === 'client';
    described.attributes.push(['network.peer.address', connection.remoteAddress], ['network.peer.port', connection.remotePort], ['network.type', connection.family === 6 ? 'ipv6' : 'ipv4']);
    if (!isClient) described.attributes.push(['client.address', connection.remoteAddress], ['client.port', connection.remotePort]);
    if (exchange.isCut) described.attributes.push(['tocsin.answer.cut', true]);
    if (node.basis !== undefined) described.attributes.push(['tocsin.parent.basis', node.basis]);
    return described;
  }

  #describe(node: SpanNode, service: string, policy: AttributePolicy): Described {
    switch (node.exchange.protocol) {
      case 'http': return this.#http(node, node.exchange, service);
      case 'postgresql': return this.#sql(node, node.exchange, policy);
      case 'redis': return redis(node, node.exchange, policy);
    }
  }

  #http(node: SpanNode, exchange: HttpExchange, service: string): Described {
    const isServer = node.kind === 'server';
    const { path, authority } = targetOf(exchange);
    const route = this.#route(isServer ? service : `>${authority}`, path, exchange.statusCode);
    const method = KNOWN_METHODS.has(exchange.method) ? exchange.method : '_OTHER';
    const scheme = node.scheme;
    const server = addressOf(authority, node, scheme);
    const attributes: [string, PlainValue][] = [
      ['http.request.method', method],
      ...(method === '_OTHER' ? [['http.request.method_original', exchange.method] as [string, PlainValue]] : []),
      ['url.scheme', scheme],
      ['server.address', server.address],
      ['server.port', server.port],
      ['network.protocol.version', exchange.version],
      ...(isServer
        ? [['url.path', path.slice(0, MAX_TEXT)], ['http.route', route], ['tocsin.route', 'derived']] as [string, PlainValue][]
        : [['url.full', `${scheme}://${server.address}:${server.port}${path}`.slice(0, MAX_TEXT)], ['url.template', route], ['tocsin.route', 'derived']] as [string, PlainValue][]),
    ];
    if (exchange.statusCode > 0) attributes.push(['http.response.status_code', exchange.statusCode]);
    if (exchange.userAgent !== undefined) attributes.push(['user_agent.original', exchange.userAgent.slice(0, MAX_TEXT)]);
    if (isSize(exchange.requestBodySize)) attributes.push(['http.request.body.size', exchange.requestBodySize]);
    if (isSize(exchange.responseBodySize)) attributes.push(['http.response.body.size', exchange.responseBodySize]);
    const failed = exchange.statusCode >= (isServer ? 500 : 400);
    const errorType = failed ? String(exchange.statusCode) : node.failure;
    if (errorType !== undefined) attributes.push(['error.type', errorType]);
    return { name: `${method === '_OTHER' ? 'HTTP' : method} ${route}`, attributes, isError: errorType !== undefined, statusMessage: node.failure ?? '' };
  }

  #route(owner: string, path: string, statusCode: number): string {
    let table = this.#routes.get(owner);
    if (table === undefined) {
      if (this.#routes.size >= MAX_SERVICES) this.#routes.clear();
      table = new RouteTable();
      this.#routes.set(owner, table);
    }
    return table.admit(routeTemplate(path), statusCode !== NOT_FOUND);
  }

  #sql(node: SpanNode, exchange: SqlExchange, policy: AttributePolicy): Described {
    const statement = this.#statements.read(exchange.statement);
    const operation = statement.operation ?? exchange.command?.split(' ')[0];
    const attributes = database(node, 'postgresql');
    if (exchange.database !== undefined) attributes.push(['db.namespace', exchange.database]);
    // No current name: the conventions dropped it without another one.
    if (exchange.user !== undefined) attributes.push(['db.user', exchange.user]);
    if (operation !== undefined) attributes.push(['db.operation.name', operation]);
    const [table] = statement.tables;
    if (table !== undefined && statement.tables.length === 1) attributes.push(['db.collection.name', table]);
    if (statement.count > 1) attributes.push(['db.operation.batch.size', statement.count]);
    const summary = statement.summary === '' ? operation ?? 'postgresql' : statement.summary;
    attributes.push(['db.query.summary', summary]);
    if (policy.captureQueries && exchange.statement !== '') attributes.push(['db.query.text', queryText(policy.sanitizeQueries ? statement.sanitised : exchange.statement, exchange.isStatementCut, policy)]);
    exchange.parameters.forEach((value, index) => attributes.push([`db.query.parameter.${index}`, value.slice(0, policy.maxQueryLength)]));
    if (exchange.rows !== undefined && operation === 'SELECT') attributes.push(['db.response.returned_rows', exchange.rows]);
    if (exchange.rows !== undefined && operation !== 'SELECT') attributes.push(['tocsin.db.affected_rows', exchange.rows]);
    if (exchange.errorCode !== undefined) attributes.push(['db.response.status_code', exchange.errorCode]);
    const errorType = exchange.errorCode ?? node.failure;
    if (errorType !== undefined) attributes.push(['error.type', errorType]);
    // Messages of errors quote values, like the key that is there twice.
    const message = policy.sanitizeQueries ? '' : (exchange.errorMessage ?? '').slice(0, MAX_MESSAGE);
    return { name: summary, attributes, isError: errorType !== undefined, statusMessage: message };
  }
}

function redis(node: SpanNode, exchange: RedisExchange, policy: AttributePolicy): Described {
  const attributes = database(node, 'redis');
  if (exchange.database !== undefined) attributes.push(['db.namespace', String(exchange.database)]);
  attributes.push(['db.operation.name', exchange.command]);
  if (policy.captureQueries) {
    const words = exchange.arguments.length > 0 ? exchange.arguments : Array.from({ length: Math.min(exchange.argumentCount, 16) }, () => '?');
    attributes.push(['db.query.text', [exchange.command, ...words].join(' ').slice(0, policy.maxQueryLength)]);
  }
  const errorType = exchange.errorPrefix ?? node.failure;
  if (exchange.errorPrefix !== undefined) attributes.push(['db.response.status_code', exchange.errorPrefix]);
  if (errorType !== undefined) attributes.push(['error.type', errorType]);
  return { name: exchange.command, attributes, isError: errorType !== undefined, statusMessage: '' };
}

function database(node: SpanNode, system: string): [string, PlainValue][] {
  const { connection } = node;
  const isClient = node.kind === 'client';
  return [
    ['db.system.name', system],
    ['server.address', isClient ? connection.remoteAddress : connection.localAddress],
    ['server.port', isClient ? connection.remotePort : connection.localPort],
  ];
}

function queryText(text: string, isCut: boolean, { maxQueryLength }: AttributePolicy): string {
  return text.length > maxQueryLength ? `${text.slice(0, maxQueryLength)}…` : isCut ? `${text}…` : text;
}

function isSize(size: number | undefined): size is number {
  return size !== undefined && Number.isFinite(size);
}

/** Path without its query, which may hold anything, and whom it is for. */
export function targetOf({ target, host, method }: Pick<HttpExchange, 'target' | 'host' | 'method'>): { readonly path: string; readonly authority: string } {
  if (method === 'CONNECT') return { path: '/', authority: target };
  const scheme = /^https?:\/\/([^/?#]*)/.exec(target);
  const rest = scheme === null ? target : target.slice(scheme[0].length);
  const end = rest.search(/[?#]/);
  const path = end === -1 ? rest : rest.slice(0, end);
  return { path: path === '' ? '/' : path, authority: (scheme?.[1] ?? host ?? '').replace(/^.*@/, '') };
}

function addressOf(authority: string, { kind, connection }: SpanNode, scheme: string): { readonly address: string; readonly port: number } {
  const match = /^(\[[\da-fA-F:.]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(authority);
  const standard = scheme === 'https' ? 443 : 80;
  if (match?.[1] !== undefined) return { address: match[1].replace(/^\[|\]$/g, '').slice(0, 255), port: match[2] === undefined ? standard : Number(match[2]) };
  return kind === 'client' ? { address: connection.remoteAddress, port: connection.remotePort } : { address: connection.localAddress, port: connection.localPort };
}
