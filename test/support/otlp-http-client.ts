import { request as plainRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { request as tlsRequest } from 'node:https';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpSend extends RequestOptions {
  readonly body?: Uint8Array | string;
  /** Sends the body in pieces without a content length. */
  readonly chunked?: boolean;
  readonly ca?: string;
}

export const PROTOBUF = { 'content-type': 'application/x-protobuf' };
export const JSON_TYPE = { 'content-type': 'application/json' };

/** One HTTP request as it stands, so that tests can also send what no exporter would. */
export function send(port: number, path: string, options: HttpSend = {}): Promise<HttpAnswer> {
  const { body = '', chunked = false, ...rest } = options;
  return new Promise((resolve, reject) => {
    const make = rest.ca === undefined ? plainRequest : tlsRequest;
    const request = make({ host: '127.0.0.1', port, path, method: 'POST', agent: false, ...rest }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }));
    });
    request.on('error', reject);
    if (!chunked) {
      request.end(body);
      return;
    }
    const bytes = Buffer.from(body);
    for (let start = 0; start < bytes.length; start += 65_536) request.write(bytes.subarray(start, start + 65_536));
    request.end();
  });
}
