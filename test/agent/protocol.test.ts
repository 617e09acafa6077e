import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildLoaderOrSkip, LOADER } from '../support/agent-loader.js';
import { ROOT } from '../support/repository.js';

interface Layout {
  readonly structs: Readonly<Record<string, { readonly size: number; readonly fields: Readonly<Record<string, readonly [number, number]>> }>>;
  readonly constants: Readonly<Record<string, number>>;
}

const DOCUMENT = readFileSync(join(ROOT, 'agent', 'PROTOCOL.md'), 'utf8');
const SECTIONS = {
  event_header: 'Every frame: the header', event_data: '1 DATA', event_open: '2 OPEN', event_end: '3 END', event_close: '4 CLOSE',
  event_process: '5 EXEC, 6 EXIT, 7 FORK', frame_clock: '65 CLOCK',
};

/** Every `field` with its offset and size that a section of the document tells, in a table or in a sentence. */
function documented(title: string): Record<string, readonly [number, number]> {
  const section = DOCUMENT.slice(DOCUMENT.indexOf(` ${title}`)).split(/\n##/)[0]!;
  const rows = [...section.matchAll(/^\| (\d+) \| (\d+) \| `(\w+)`/gm)].map(([, offset, size, name]) => [name!, [Number(offset), Number(size)]] as const);
  const sentences = [...section.matchAll(/`(\w+)` \((?:offset )?(\d+), (?:size )?(\d+)/g)].map(([, name, offset, size]) => [name!, [Number(offset), Number(size)]] as const);
  return Object.fromEntries([...rows, ...sentences]);
}

describe.skipIf(!buildLoaderOrSkip())('the contract between loader and parser', () => {
  test('says of every field where the compiler puts it', () => {
    const layout = JSON.parse(execFileSync(LOADER, ['layout'], { encoding: 'utf8' })) as Layout;
    expect(Object.keys(layout.structs).sort()).toEqual(Object.keys(SECTIONS).sort());
    for (const [name, title] of Object.entries(SECTIONS)) {
      const { size, fields } = layout.structs[name]!;
      const told = documented(title);
      expect(Object.keys(told).length, name).toBeGreaterThan(0);
      expect(fields, name).toMatchObject(told);
      expect(DOCUMENT, name).toMatch(new RegExp(`\`${name}\`, ${size} bytes`));
    }
  });
});
