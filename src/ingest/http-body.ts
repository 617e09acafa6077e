import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { BodyCollector, type Body, type BodyOptions } from './http-body-collector.js';

/** Reads the body of a request and undoes its compression. */
export function readBody(request: IncomingMessage, options: BodyOptions): Promise<Body> {
  return new Promise((resolve) => {
    const collector = new BodyCollector(options, {
      pause: () => request.pause(),
      resume: () => request.resume(),
      done: (body) => {
        if (body.kind !== 'read') discardRest(request, options.limitBytes);
        resolve(body);
      },
    });
    request.on('data', (chunk: Buffer) => collector.write(chunk));
    request.on('end', () => collector.end());
    request.on('error', () => collector.fail({ kind: 'aborted' }));
    // Also emitted after a regular end, when inflating may still go on.
    request.on('close', () => {
      if (!request.readableEnded) collector.fail({ kind: 'aborted' });
    });
  });
}

/** Lets a sender finish what nobody will read, within reason: many read the answer only after they have sent everything. */
export function discardRest(request: Readable, limitBytes: number): void {
  let discarded = 0;
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > limitBytes) request.destroy();
  });
  request.on('error', () => undefined);
  request.resume();
}
