import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Upload {
  readonly key: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly encryption: string;
  readonly parts: Map<number, { readonly body: Buffer; readonly sha256: string }>;
}

interface StoredObject {
  body: Buffer;
  readonly metadata: Readonly<Record<string, string>>;
  readonly encryption: string;
}

/** As much of S3 as the archive uses, in memory: multipart uploads with SHA-256 of every part, objects, lists. It believes every signature. */
export class S3StandIn {
  readonly objects = new Map<string, StoredObject>();
  readonly uploads = new Map<string, Upload>();
  /** Answers of requests that begin like this, `PUT part 2`, fail as often as it says. */
  readonly failures = new Map<string, number>();
  readonly requests: string[] = [];
  readonly #server: Server;
  #next = 1;

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const url = new URL(request.url ?? '/', 'http://s3');
    const [, , ...rest] = decodeURIComponent(url.pathname).split('/');
    const call = { method: request.method ?? 'GET', key: rest.join('/'), query: url.searchParams, body: Buffer.concat(chunks), headers: request.headers };
    const name = nameOf(call);
    this.requests.push(name);
    const fails = this.failures.get(name) ?? 0;
    if (fails > 0) {
      this.failures.set(name, fails - 1);
      response.writeHead(500).end('<Error><Code>InternalError</Code></Error>');
      return;
    }
    this.#serve(name.split(' ').slice(0, 2).join(' '), call, response);
  }

  #serve(name: string, { key, query, body, headers }: Call, response: ServerResponse): void {
    const xml = (text: string, status = 200): void => void response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>${text}`);
    const uploadId = query.get('uploadId') ?? '';
    const upload = this.uploads.get(uploadId);
    switch (name) {
      case 'POST uploads': {
        const id = `upload-${this.#next++}`;
        const metadata = Object.fromEntries(Object.entries(headers).flatMap(([header, value]) => (header.startsWith('x-amz-meta-') ? [[header, String(value)]] : [])));
        this.uploads.set(id, { key, metadata, encryption: String(headers['x-amz-server-side-encryption-aws-kms-key-id'] ?? ''), parts: new Map() });
        xml(`<InitiateMultipartUploadResult><Key>${key}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`); return;
      }
      case 'PUT part': {
        const sha256 = createHash('sha256').update(body).digest('base64');
        if (headers['x-amz-checksum-sha256'] !== sha256) { xml('<Error><Code>BadDigest</Code></Error>', 400); return; }
        upload?.parts.set(Number(query.get('partNumber')), { body, sha256 });
        response.writeHead(200, { etag: `"${sha256}"` }).end();
        return;
      }
      case 'GET parts':
        { xml(`<ListPartsResult>${[...upload?.parts ?? []].map(([number, { sha256 }]) => `<Part><PartNumber>${number}</PartNumber><ETag>"${sha256}"</ETag><ChecksumSHA256>${sha256}</ChecksumSHA256></Part>`).join('')}</ListPartsResult>`); return; }
      case 'POST complete':
        if (upload === undefined) { xml('<Error><Code>NoSuchUpload</Code></Error>', 404); return; }
        this.objects.set(upload.key, { body: Buffer.concat([...upload.parts].sort(([left], [right]) => left - right).map(([, part]) => part.body)), metadata: upload.metadata, encryption: upload.encryption });
        this.uploads.delete(uploadId);
        { xml('<CompleteMultipartUploadResult/>'); return; }
      case 'GET uploads':
        { xml(`<ListMultipartUploadsResult>${[...this.uploads].map(([id, each]) => `<Upload><Key>${each.key}</Key><UploadId>${id}</UploadId></Upload>`).join('')}</ListMultipartUploadsResult>`); return; }
      case 'DELETE upload':
        this.uploads.delete(uploadId);
        response.writeHead(204).end();
        return;
      case 'GET list':
        { xml(`<ListBucketResult>${[...this.objects.keys()].filter((each) => each.startsWith(query.get('prefix') ?? '')).map((each) => `<Contents><Key>${each}</Key></Contents>`).join('')}</ListBucketResult>`); return; }
      case 'DELETE object':
        this.objects.delete(key);
        response.writeHead(204).end();
        return;
      default: {
        const object = this.objects.get(key);
        if (object === undefined) { xml('<Error><Code>NoSuchKey</Code></Error>', 404); return; }
        response.writeHead(200, { 'content-length': object.body.length, ...object.metadata }).end(name === 'HEAD object' ? undefined : object.body);
      }
    }
  }
}

interface Call {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly headers: IncomingMessage['headers'];
}

function nameOf({ method, query }: Call): string {
  if (query.has('uploads')) return `${method} uploads`;
  if (query.has('partNumber')) return `${method} part ${query.get('partNumber') ?? ''}`;
  if (query.has('uploadId')) return method === 'POST' ? 'POST complete' : method === 'DELETE' ? 'DELETE upload' : 'GET parts';
  return query.has('list-type') ? 'GET list' : `${method} object`;
}
