import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { extentInput, recountInput, recountQueryOf, slicesInput, toWire } from './backtest-input.js';
import { READERS, type Readers } from './readers.js';
import { readInput } from './request-input.js';

/**
 * The past for `tocsin backtest`, which calculates in its own process: this one only reads. POST, because queries and keys of many SLOs
 * do not fit into an address; it changes nothing.
 */
@Controller('/api/v1/backtest')
export class BacktestController {
  readonly #readers: Readers;

  constructor(@Inject(READERS) readers: Readers) {
    this.#readers = readers;
  }

  @Post('extent')
  @HttpCode(200)
  async extent(@Body() body: unknown): Promise<unknown> {
    const { firstMinutes, firstSpanMinute, covered } = await this.#readers.replay.extent(readInput(extentInput, body));
    return { firstMinutes: Object.fromEntries(firstMinutes), firstSpanMinute: firstSpanMinute ?? null, covered };
  }

  @Post('slices')
  @HttpCode(200)
  async slices(@Body() body: unknown): Promise<unknown> {
    return toWire(await this.#readers.replay.slices(readInput(slicesInput, body)));
  }

  @Post('recount')
  @HttpCode(200)
  async recount(@Body() body: unknown): Promise<unknown> {
    return toWire(await this.#readers.replay.recount(recountQueryOf(readInput(recountInput, body))));
  }
}
