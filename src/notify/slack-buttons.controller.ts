import { Controller, HttpCode, HttpException, Inject, Module, Post, Req, type DynamicModule } from '@nestjs/common';
import type { Clock } from '../lib/clock.js';
import { carryOut, type PressPorts } from './slack-presses.js';
import { readPress, SLACK_BUTTONS_PATH } from './slack-press.js';
import type { SlackSignatures } from './slack-signature.js';

export const SLACK_BUTTONS = Symbol('SlackButtons');

export interface SlackButtonsOptions {
  /** Undefined without a signing secret: then nothing is taken. */
  readonly signatures: SlackSignatures | undefined;
  readonly ports: PressPorts;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

interface RawRequest {
  readonly rawBody?: Uint8Array;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What is pressed in Slack comes in here. Its signature is its token. */
@Controller(SLACK_BUTTONS_PATH)
export class SlackButtonsController {
  readonly #options: SlackButtonsOptions;

  constructor(@Inject(SLACK_BUTTONS) options: SlackButtonsOptions) {
    this.#options = options;
  }

  /** Slack waits three seconds and shows an error then, so it is answered before anything is done. */
  @Post()
  @HttpCode(200)
  press(@Req() { rawBody: body, headers }: RawRequest): void {
    const { signatures, ports, clock, onError } = this.#options;
    const verdict = body === undefined ? 'unsigned' : signatures?.verify({ body, timestamp: one(headers['x-slack-request-timestamp']), signature: one(headers['x-slack-signature']) }, clock.nowMs()) ?? 'unsigned';
    if (verdict !== 'genuine' || body === undefined) throw new HttpException(verdict, 401);
    const press = readPress(body);
    if (press !== undefined) void carryOut(press, ports).catch(onError);
  }
}

function one(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

@Module({})
export class SlackButtonsModule {
  static register(options: SlackButtonsOptions): DynamicModule {
    return { module: SlackButtonsModule, controllers: [SlackButtonsController], providers: [{ provide: SLACK_BUTTONS, useValue: options }] };
  }
}
