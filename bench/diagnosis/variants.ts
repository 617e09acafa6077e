import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SeenSides } from '../../src/diagnosis/culprit/observe.js';
import type { rankSeen, rankSuspects } from '../../src/diagnosis/culprit/rank-suspects.js';
import type { Traffic } from '../../src/diagnosis/culprit/traffic.js';

/** Both sides of one incident, as recorded and as read into observations. */
export interface Sides {
  readonly baseline: Traffic;
  readonly incident: Traffic;
  readonly seen: SeenSides;
}

/** The ranking with one constant changed. */
export interface Variant {
  readonly label: string;
  readonly rank: (sides: Sides) => ReturnType<typeof rankSuspects>;
}

interface Constant {
  readonly file: string;
  readonly name: string;
  /** It matters already when traffic is read into observations, which else is done once for all variants. */
  readonly reads?: boolean;
  /** Half and twice as much, or what comes nearest. */
  readonly instead: readonly string[];
}

/** All constants that the ranking rests on. */
const CONSTANTS: readonly Constant[] = [
  { file: 'statistics', name: 'PRIOR_ODDS', instead: ['0.05', '0.2'] },
  { file: 'blame', name: 'FROM_BEFORE', instead: ['0.05', '0.2', '1'] },
  { file: 'bursts', name: 'BURST_STRETCHES', instead: ['1', '5', '20'] },
  { file: 'onset', name: 'CREDIBLE', instead: ['0.1', '0.4'] },
  { file: 'onset', name: 'CUTS', instead: ['[1 / 8, 2 / 8, 3 / 8, 4 / 8, 5 / 8, 6 / 8, 7 / 8]', 'Array.from({ length: 27 }, (_, index) => (index + 3) / 32)'] },
  { file: 'edges', name: 'CREDIBLE', instead: ['0.25', '0.75'] },
  { file: 'strata', name: 'MIN_TRACES', instead: ['3', '10'] },
  { file: 'times', name: 'RARITIES', instead: ['[0.05, 0.005]', '[0.2, 0.02]'] },
  { file: 'log-statements', name: 'MAX_ALTERNATIVES', reads: true, instead: ['8', '32'] },
  { file: 'log-statements', name: 'MAX_WORDS', reads: true, instead: ['12', '48'] },
  { file: 'observe', name: 'STRETCHES', reads: true, instead: ['150', '600'] },
];

/** `compiled` is this bench as it was compiled; each variant is a copy of it beside it. `names` of the constants to change; without it all are. */
export async function variantsOf(compiled: string, names: readonly string[] | undefined): Promise<readonly Variant[]> {
  const variants: Variant[] = [];
  for (const { file, name, instead, reads } of CONSTANTS.filter((each) => names?.includes(each.name) ?? true)) {
    for (const [index, value] of instead.entries()) {
      const copy = `${compiled}-variants/${file}-${name}-${index}`;
      cpSync(join(compiled, 'src'), join(copy, 'src'), { recursive: true });
      const path = join(copy, 'src/diagnosis/culprit', `${file}.js`);
      const text = readFileSync(path, 'utf8');
      const declaration = new RegExp(`(const ${name} = )[^;]+;`);
      if (!declaration.test(text)) throw new Error(`${file}.ts has no constant ${name}: the bench must follow the code`);
      writeFileSync(path, text.replace(declaration, `$1${value};`));
      const ranking = (await import(pathToFileURL(join(copy, 'src/diagnosis/culprit/rank-suspects.js')).href)) as { readonly rankSuspects: typeof rankSuspects; readonly rankSeen: typeof rankSeen };
      variants.push({ label: `\`${name} = ${value}\` (${file})`, rank: ({ baseline, incident, seen }) => (reads === true ? ranking.rankSuspects(baseline, incident) : ranking.rankSeen(seen)) });
    }
  }
  return variants;
}
