import { Readable } from 'node:stream';
import { Controller, Get, Inject, Query, StreamableFile } from '@nestjs/common';
import { exportText } from './export-formats.js';
import { READERS, type Readers } from './readers.js';
import { exportInput, readInput, selectionOf, windowOf } from './request-input.js';

/** Every trace that a search finds, written while it is read: an export that breaks off has lost its reader, or could not go on. */
@Controller('/api/v1/export')
export class ExportController {
  readonly #readers: Readers;

  constructor(@Inject(READERS) readers: Readers) {
    this.#readers = readers;
  }

  @Get()
  export(@Query() query: unknown): StreamableFile {
    const input = readInput(exportInput, query);
    const { clock, traces, users } = this.#readers;
    const selection = selectionOf(input, windowOf(input, clock.nowMs()), users);
    const format = input.format ?? 'otlp';
    const type = format === 'jaeger' ? 'application/json' : 'application/x-ndjson';
    return new StreamableFile(Readable.from(exportText(format, traces.everyTrace(selection))), { type });
  }
}
