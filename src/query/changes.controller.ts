import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, HttpCode, Inject, Post, Query, Req } from '@nestjs/common';
import { z } from 'zod';
import { DAY_MS } from '../lib/duration.js';
import { CHANGE_KINDS, changeJson } from './change.js';
import { READERS, type Readers } from './readers.js';
import { readInput, timeInput, windowInput, windowOf } from './request-input.js';

const MAX_TEXT = 256;
const text = z.string().trim().max(MAX_TEXT);

const changeInput = z.strictObject({
  id: text.regex(/^[\w.:/-]+$/, 'has other characters than letters, digits and . : / - _').optional(),
  kind: z.enum(CHANGE_KINDS).default('note'),
  title: text.min(1),
  service: text.optional(),
  version: text.optional(),
  at: timeInput,
  by: text.optional(),
  url: z.url({ protocol: /^https?$/, error: 'is not an address that begins with http:// or https://' }).max(2_048).optional(),
});

/** What was done to the system: pipelines post it, charts and incidents show it. */
@Controller('/api/v1/changes')
export class ChangesController {
  readonly #readers: Readers;

  constructor(@Inject(READERS) readers: Readers) {
    this.#readers = readers;
  }

  @Get()
  async list(@Query() query: unknown): Promise<unknown> {
    const window = windowOf(readInput(windowInput, query), this.#readers.clock.nowMs(), 7 * DAY_MS);
    return { changes: (await this.#readers.changes.list(window)).map(changeJson) };
  }

  @Post()
  @HttpCode(201)
  async record(@Body() body: unknown, @Req() request: { readonly actor?: string }): Promise<unknown> {
    const { id = randomUUID(), kind, title, service, version, at, by, url } = readInput(changeInput, body);
    const change = { id, kind, title, service: filled(service), version: filled(version), atMs: at ?? this.#readers.clock.nowMs(), by: filled(by) ?? request.actor ?? 'api', url };
    await this.#readers.changes.record(change);
    return changeJson(change);
  }
}

function filled(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
