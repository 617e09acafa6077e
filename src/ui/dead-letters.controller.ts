import { Controller, Get, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import { deadLetterJson, refusalInWords, type DeadLetters } from '../notify/dead-letters.js';
import { ApiError } from '../query/api-error.js';
import type { PageReply } from './http-types.js';
import { UI_OPTIONS, type UiOptions } from './ui-options.js';

/** Messages that were given up, for programs; the incidents page shows the same. */
@Controller('/api/v1/dead-letters')
export class DeadLettersController {
  readonly #deadLetters: DeadLetters;

  constructor(@Inject(UI_OPTIONS) options: UiOptions) {
    this.#deadLetters = options.deadLetters;
  }

  @Get()
  async list(): Promise<unknown> {
    return { deadLetters: (await this.#deadLetters.list()).map(deadLetterJson) };
  }

  @Post(':id/retry')
  @HttpCode(202)
  async retry(@Param('id') id: string): Promise<unknown> {
    await retryOrRefuse(this.#deadLetters, id);
    return { id, status: 'pending' };
  }
}

/** The button beside each of them. */
@Controller('/dead-letters')
export class DeadLetterPageController {
  readonly #deadLetters: DeadLetters;

  constructor(@Inject(UI_OPTIONS) options: UiOptions) {
    this.#deadLetters = options.deadLetters;
  }

  @Post(':id/retry')
  async retry(@Param('id') id: string, @Res() reply: PageReply): Promise<void> {
    await retryOrRefuse(this.#deadLetters, id);
    await reply.redirect('/incidents', 303);
  }
}

async function retryOrRefuse(deadLetters: DeadLetters, id: string): Promise<void> {
  const outcome = await deadLetters.retry(id);
  if (outcome === 'retried') return;
  throw new ApiError(outcome === 'not-found' ? 'delivery/not-found' : 'delivery/overtaken', refusalInWords(outcome, id), { hint: 'GET /api/v1/dead-letters lists what can be sent again.' });
}
