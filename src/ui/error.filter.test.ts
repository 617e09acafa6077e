import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { API_ERROR_CODES } from '../query/api-error.js';
import { STATUS } from './error.filter.js';

test('docs/api.md has exactly the codes and statuses that are answered', () => {
  const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
  const documented = Object.fromEntries([...page.matchAll(/^\| `([a-z]+\/[a-z-]+)` \| (\d{3}) \| .+ \|$/gm)].map(([, code = '', status]) => [code, Number(status)]));
  expect(documented).toEqual(STATUS);
  expect(Object.keys(documented).sort()).toEqual([...API_ERROR_CODES].sort());
});
