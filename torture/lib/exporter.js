// Sends OTLP over HTTP and gRPC and says what the answer means to a sender that keeps to the specification.
import { Agent, request } from 'node:http';
import { Client, credentials, Metadata } from '@grpc/grpc-js';

const PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const OK = 0;
const UNAVAILABLE = 14;
const DEADLINE_MS = 120_000;
const CONNECTIONS = 16;

/** @typedef {{ kind: 'stored' } | { kind: 'later' } | { kind: 'gone', message: string } | { kind: 'wrong', message: string }} Answer */

/** To one life of the service. `gone`: no answer, as after kill -9. `wrong`: an answer no sender should get. */
export class Exporter {
  #port;
  #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  #client;

  constructor({ otlpHttp, otlpGrpc }) {
    this.#port = Number(new URL(otlpHttp).port);
    this.#client = new Client(`127.0.0.1:${portOf(otlpGrpc)}`, credentials.createInsecure(), { 'grpc.max_send_message_length': -1 });
  }

  /** @returns {Promise<Answer>} */
  send(protocol, bytes) {
    return protocol === 'grpc' ? this.#grpc(bytes) : this.#http(bytes);
  }

  close() {
    this.#agent.destroy();
    this.#client.close();
  }

  #http(bytes) {
    return new Promise((resolve) => {
      const sent = request({ host: '127.0.0.1', port: this.#port, path: '/v1/traces', method: 'POST', agent: this.#agent, headers: { 'content-type': 'application/x-protobuf' } }, (answer) => {
        const gone = (error) => resolve({ kind: 'gone', message: error.message });
        answer.on('error', gone).on('end', () => resolve(fromHttp(answer))).resume();
      });
      sent.setTimeout(DEADLINE_MS, () => sent.destroy(new Error('no answer in time')));
      sent.on('error', (error) => resolve({ kind: 'gone', message: error.message }));
      sent.end(bytes);
    });
  }

  #grpc(bytes) {
    const same = (value) => value;
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(PATH, same, same, bytes, new Metadata(), { deadline: Date.now() + DEADLINE_MS }, (error) => resolve(fromGrpc(error)));
    });
  }
}

function portOf(address) {
  return address.slice(address.lastIndexOf(':') + 1).replace(/\D.*$/, '');
}

function fromHttp({ statusCode, headers }) {
  if (statusCode === 200) return { kind: 'stored' };
  if (statusCode === 503 && headers['retry-after'] !== undefined) return { kind: 'later' };
  return { kind: 'wrong', message: `HTTP ${statusCode}${statusCode === 503 ? ' without Retry-After' : ''}` };
}

function fromGrpc(error) {
  if (error === null || error.code === OK) return { kind: 'stored' };
  const told = error.metadata?.get('grpc-status-details-bin')[0]?.includes('google.rpc.RetryInfo') === true;
  if (error.code === UNAVAILABLE) return told ? { kind: 'later' } : { kind: 'gone', message: error.details };
  return { kind: 'wrong', message: `gRPC ${error.code} ${error.details}` };
}
