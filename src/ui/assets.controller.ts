import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiError } from '../query/api-error.js';
import { findAsset } from './fs-assets.js';
import type { PageReply } from './http-types.js';

@Controller()
export class AssetsController {
  @Get('/assets/:name')
  async asset(@Param('name') name: string, @Query('v') version: string | undefined, @Res() reply: PageReply): Promise<void> {
    const asset = findAsset(name);
    if (asset === undefined) throw new ApiError('request/not-found', `there is no asset "${name.slice(0, 60)}"`);
    const forEver = version === asset.version;
    await reply
      .header('content-type', asset.type)
      .header('cache-control', forEver ? 'public, max-age=31536000, immutable' : 'public, max-age=60')
      .send(asset.body);
  }

  @Get('/favicon.ico')
  async favicon(@Res() reply: PageReply): Promise<void> {
    return this.asset('favicon.svg', undefined, reply);
  }
}
