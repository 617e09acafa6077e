import { mkdtemp, rename, rm, symlink, utimes, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RULE_FILE } from './fs-rules.js';
import { contentsOf, watchRules, type RulesWatcher } from './fs-rules-watcher.js';

let directory: string;
let watcher: RulesWatcher | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tocsin-watch-'));
});

afterEach(async () => {
  await watcher?.close();
  watcher = undefined;
  await rm(directory, { recursive: true });
});

/** Counts changes; `next` resolves at the next one. */
class Changes {
  count = 0;
  #waiting: (() => void)[] = [];

  readonly onChange = (): void => {
    this.count += 1;
    for (const resolve of this.#waiting.splice(0)) resolve();
  };

  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

async function watching(path: string, changes: Changes, pollMs = 20): Promise<void> {
  watcher = watchRules({ directories: [{ path, pattern: RULE_FILE }], onChange: changes.onChange, debounceMs: 5, pollMs });
  await watcher.ready;
}

test('a new, a changed and a removed file are each noticed', async () => {
  const changes = new Changes();
  await watching(directory, changes);
  for (const act of [
    () => writeFile(join(directory, 'a.yaml'), 'a: 1'),
    () => writeFile(join(directory, 'a.yaml'), 'a: 2'),
    () => rm(join(directory, 'a.yaml')),
  ]) {
    const next = changes.next();
    await act();
    await next;
  }
  expect(changes.count).toBe(3);
});

test('notifications alone are enough, and so is the poll alone', async () => {
  const notified = new Changes();
  await watching(directory, notified, 3_600_000);
  const first = notified.next();
  await writeFile(join(directory, 'a.yaml'), 'a: 1');
  await first;
  await watcher?.close();

  // The directory does not exist yet, so there is nothing to be notified by.
  const late = join(directory, 'late');
  const polled = new Changes();
  await watching(late, polled);
  const second = polled.next();
  await mkdir(late);
  await writeFile(join(late, 'a.yaml'), 'a: 1');
  await second;
});

test('a touch, other files and hidden files change nothing', async () => {
  const changes = new Changes();
  await writeFile(join(directory, 'a.yaml'), 'a: 1');
  await watching(directory, changes);
  await utimes(join(directory, 'a.yaml'), 1, 1);
  await writeFile(join(directory, 'notes.txt'), 'x');
  await writeFile(join(directory, '.a.yaml.swp.yaml'), 'x');
  await watcher?.look();
  expect(changes.count).toBe(0);
  await writeFile(join(directory, 'b.yaml'), 'b: 1');
  await watcher?.look();
  await watcher?.look();
  expect(changes.count).toBe(1);
});

test('a swapped symlink is noticed, as Kubernetes updates a ConfigMap', async () => {
  const changes = new Changes();
  for (const version of ['v1', 'v2']) {
    await mkdir(join(directory, version));
    await writeFile(join(directory, version, 'a.yaml'), version);
  }
  await symlink('v1', join(directory, 'current'));
  await watching(join(directory, 'current'), changes);
  const next = changes.next();
  await symlink('v2', join(directory, 'new'));
  await rename(join(directory, 'new'), join(directory, 'current'));
  await next;
});

test('an onChange that fails is reported, and watching goes on', async () => {
  const errors: unknown[] = [];
  const changes = new Changes();
  watcher = watchRules({
    directories: [{ path: directory, pattern: RULE_FILE }], debounceMs: 5, pollMs: 20, onError: (error) => errors.push(error),
    onChange: () => {
      changes.onChange();
      if (changes.count === 1) throw new Error('refused');
    },
  });
  await watcher.ready;
  const first = changes.next();
  await writeFile(join(directory, 'a.yaml'), '1');
  await first;
  const second = changes.next();
  await writeFile(join(directory, 'a.yaml'), '2');
  await second;
  expect(errors.map(String)).toEqual(['Error: refused']);
});

test('what was written between the reading and the watching is a change', async () => {
  const directories = [{ path: directory, pattern: RULE_FILE }];
  const known = await contentsOf(directories);
  const unchanged = new Changes();
  watcher = watchRules({ directories, known, onChange: unchanged.onChange, pollMs: 3_600_000 });
  await watcher.ready;
  expect(unchanged.count).toBe(0);
  await watcher.close();

  await writeFile(join(directory, 'a.yaml'), 'a: 1');
  const changed = new Changes();
  watcher = watchRules({ directories, known, onChange: changed.onChange, pollMs: 3_600_000 });
  await watcher.ready;
  expect(changed.count).toBe(1);
});
