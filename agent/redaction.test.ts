import { expect, test } from 'vitest';
import { loadedFrom } from './config/agent-files.js';
import { readAgentFiles } from './config/fs-agent-files.js';

test('the rules of ingest hold on the node', async () => {
  const { loaded, problems } = loadedFrom(await readAgentFiles(undefined));
  expect(problems).toEqual([]);
  const redacted = loaded?.redact([
    ['http.request.header.authorization', ['Bearer geheim-geheim']], ['url.path', '/reset/anna@example.com'], ['db.query.text', 'SELECT ?'],
    ['http.response.body.content', '{"card":"4111 1111 1111 1111"}'], ['http.response.status_code', 200],
  ], 'shop');
  expect(JSON.stringify(redacted?.attributes)).not.toMatch(/geheim|anna|4111 1111 1111 1111/);
  expect(redacted?.attributes.at(-1)).toEqual(['http.response.status_code', 200]);
  expect(redacted?.attributes[2]).toEqual(['db.query.text', 'SELECT ?']);
  expect(redacted?.count).toBeGreaterThanOrEqual(3);
});

test('a file that is named and not there is an error', async () => {
  const { read, problems } = await readAgentFiles('/nowhere/agent.yaml');
  expect(read).toBeUndefined();
  expect(problems.map(({ code }) => code)).toEqual(['files/unreadable']);
});
