import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { toldLogs, toldSpans, type ToldLog, type ToldSpan } from './told-spans.js';

/** Takes the spans of an agent and its records of losses, and keeps them. */
export class SpanReceiver {
  readonly spans: ToldSpan[] = [];
  readonly logs: ToldLog[] = [];
  /** Of the last request. */
  headers: http.IncomingHttpHeaders = {};
  readonly #server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const body = Buffer.concat(chunks);
      this.headers = request.headers;
      if (request.url === '/v1/logs') this.logs.push(...toldLogs(body, Date.now()));
      else this.spans.push(...toldSpans(body, Date.now()));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });

  async listen(port = 0): Promise<string> {
    await once(this.#server.listen(port, '127.0.0.1'), 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** The spans about a server; other programs of this machine are traced too. */
  about(port: number): ToldSpan[] {
    return this.spans.filter(({ told }) => Number(told['server.port'] ?? told['net.host.port'] ?? told['net.peer.port']) === port);
  }
}
