import { Controller, Get } from '@nestjs/common';
import { openApiDocument } from './openapi.js';

@Controller('/api/openapi.json')
export class OpenApiController {
  @Get()
  document(): unknown {
    return openApiDocument();
  }
}
