import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LoadResult } from './config/agent-files.js';
import { ConfigWatch } from './system-config-watch.js';

let directory: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'tocsin-watch-')); });
afterEach(() => { rmSync(directory, { recursive: true }); });

const REFUSED: LoadResult = { loaded: undefined, problems: [], named: [] };
const write = (name: string, text: string): string => {
  writeFileSync(join(directory, name), text);
  return join(directory, name);
};

test('nothing is read as long as nothing changes', async () => {
  const watch = new ConfigWatch({ file: write('agent.yaml', 'a'), named: [write('headers', 'b'), join(directory, 'missing')], load: () => Promise.reject(new Error('read')) });
  expect(await watch.look()).toBeUndefined();
});

test('a reading is not overtaken by the next one, and what changes meanwhile is read after it', async () => {
  const answers: (() => void)[] = [];
  const file = write('agent.yaml', 'first');
  const watch = new ConfigWatch({ file, named: [], load: () => new Promise((resolve) => { answers.push(() => resolve(REFUSED)); }) });
  write('agent.yaml', 'second');
  const reading = watch.look();
  write('agent.yaml', 'third');
  expect(await watch.look()).toBeUndefined();
  expect(answers).toHaveLength(1);
  answers[0]!();
  expect(await reading).toBe(REFUSED);
  const next = watch.look();
  answers[1]!();
  expect(await next).toBe(REFUSED);
  expect(await watch.look()).toBeUndefined();
});

test('a change while a file is named for the first time is not passed over', async () => {
  const file = write('agent.yaml', 'first');
  const named = write('headers', 'x');
  const watch = new ConfigWatch({ file, named: [], load: () => {
    write('agent.yaml', 'third');
    return Promise.resolve({ ...REFUSED, named: [named] });
  } });
  write('agent.yaml', 'second');
  await watch.look();
  expect(await watch.look()).toBeDefined();
  expect(await watch.look()).toBeUndefined();
});

test('what was refused because of a file that it names is read again when that file is mended', async () => {
  const named = join(directory, 'headers');
  const watch = new ConfigWatch({ file: write('agent.yaml', 'a'), named: [], load: () => Promise.resolve({ ...REFUSED, named: [named] }) });
  write('agent.yaml', 'headers_file: headers');
  expect(await watch.look()).toBeDefined();
  expect(await watch.look()).toBeUndefined();
  write('headers', 'authorization: Bearer t');
  expect(await watch.look()).toBeDefined();
});

test('a reading that fails is tried again', async () => {
  let isWell = false;
  const watch = new ConfigWatch({ file: write('agent.yaml', 'a'), named: [], load: () => (isWell ? Promise.resolve(REFUSED) : Promise.reject(new Error('no memory'))) });
  write('agent.yaml', 'b');
  await expect(watch.look()).rejects.toThrow('no memory');
  isWell = true;
  expect(await watch.look()).toBe(REFUSED);
});

test('a file that was there has to be read, whatever became of it', async () => {
  const asked: (string | undefined)[] = [];
  const file = join(directory, 'agent.yaml');
  const watchIt = (): ConfigWatch => new ConfigWatch({ file, named: [], load: (required) => { asked.push(required); return Promise.resolve(REFUSED); } });
  const since = watchIt();
  write('agent.yaml', 'a');
  await since.look();
  rmSync(file);
  await since.look();
  await since.look();
  expect(asked).toEqual([file, file]);
  write('agent.yaml', '');
  const empty = watchIt();
  rmSync(file);
  await empty.look();
  expect(asked).toEqual([file, file, file]);
});
