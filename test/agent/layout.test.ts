import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { LAYOUT } from '../../agent/layout.js';
import { buildLoaderOrSkip, LOADER } from '../support/agent-loader.js';

test.skipIf(!buildLoaderOrSkip())('the parser reads every field where the C compiler puts it', () => {
  expect(LAYOUT).toEqual(JSON.parse(execFileSync(LOADER, ['layout'], { encoding: 'utf8' })));
});
