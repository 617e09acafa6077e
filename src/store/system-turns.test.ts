import { expect, test } from 'vitest';
import { Turns } from './system-turns.js';

test('what was ready comes between two turns', async () => {
  const seen: string[] = [];
  setImmediate(() => seen.push('ready'));
  await new Turns().next();
  expect(seen).toEqual(['ready']);
});
