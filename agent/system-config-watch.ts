import { readFileSync } from 'node:fs';
import type { LoadResult } from './config/agent-files.js';

export interface ConfigWatchParts {
  /** agent.yaml, and the files that it names now. */
  readonly file: string;
  readonly named: readonly string[];
  /** `file`: it was there before, so it is an error where it is not. Undefined: the defaults hold as long as there is none. */
  readonly load: (file: string | undefined) => Promise<LoadResult>;
}

/** Undefined where it is not there, or may not be read. */
type Texts = ReadonlyMap<string, string | undefined>;

/** Looks whether agent.yaml or a file that it names has changed: tokens are renewed, rules are added. One reading at a time, so that an older one never comes last. */
export class ConfigWatch {
  readonly #file: string;
  readonly #load: ConfigWatchParts['load'];
  #texts: Texts;
  #wasThere: boolean;
  #isReading = false;

  constructor({ file, named, load }: ConfigWatchParts) {
    this.#file = file;
    this.#load = load;
    this.#texts = textsOf([file, ...named]);
    this.#wasThere = this.#texts.get(file) !== undefined;
  }

  /** What is configured now; undefined where nothing changed. Where the reading itself fails it is tried again at the next look. */
  async look(): Promise<LoadResult | undefined> {
    if (this.#isReading) return undefined;
    const texts = textsOf(this.#texts.keys());
    if ([...texts].every(([path, text]) => this.#texts.get(path) === text)) return undefined;
    this.#wasThere ||= texts.get(this.#file) !== undefined;
    this.#isReading = true;
    try {
      const result = await this.#load(this.#wasThere ? this.#file : undefined);
      // As they were before the reading: what has changed since is seen at the next look. Also of what was refused: it may be mended in a file that it names.
      this.#texts = new Map([this.#file, ...result.named].map((path) => [path, texts.get(path) ?? textOf(path)]));
      return result;
    } finally {
      this.#isReading = false;
    }
  }
}

function textsOf(paths: Iterable<string>): Texts {
  return new Map([...paths].map((path) => [path, textOf(path)]));
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
