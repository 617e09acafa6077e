import { Client, credentials, Metadata, type ClientOptions, type ServiceError } from '@grpc/grpc-js';

export interface GrpcAnswer {
  readonly code: number;
  readonly details: string;
  readonly body: Buffer;
  /** `grpc-status-details-bin`. */
  readonly statusDetails: Buffer | undefined;
}

export const TRACE_EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
export const LOGS_EXPORT = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
export const METRICS_EXPORT = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';

/** Sends bytes as gRPC messages, so that tests can also send what no exporter would. */
export class GrpcSender {
  readonly #client: Client;

  constructor(port: number, options: ClientOptions & { readonly ca?: string } = {}) {
    const { ca, ...rest } = options;
    this.#client = new Client(`localhost:${port}`, ca === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(ca)), rest);
  }

  send(path: string, body: Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<GrpcAnswer> {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const identity = (bytes: Buffer): Buffer => bytes;
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(path, identity, identity, Buffer.from(body), metadata, (error: ServiceError | null, answer?: Buffer) => {
        const statusDetails = error?.metadata.get('grpc-status-details-bin')[0];
        resolve({ code: error?.code ?? 0, details: error?.details ?? '', body: answer ?? Buffer.alloc(0), statusDetails: Buffer.isBuffer(statusDetails) ? statusDetails : undefined });
      });
    });
  }

  close(): void {
    this.#client.close();
  }
}
