import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDuration } from '../lib/duration.js';
import { CouldNotRun, count, EXIT_FINE, EXIT_NO, printError, printLine, type Command } from './command.js';
import { requireServiceApi } from './service-api.js';

interface Suggestions {
  readonly suggestions: readonly { readonly file: string; readonly yaml: string; readonly slos: readonly { readonly name: string }[] }[];
}

export const suggestCommand: Command = {
  usage: '[--range 7d] [--out DIR] [--server URL] [--json]',
  options: { range: { type: 'string' }, out: { type: 'string' }, server: { type: 'string' }, json: { type: 'boolean' } },
  help: [
    ['--range 7d', 'how far back to look, up to 90d; default: 7 days'],
    ['--out DIR', 'write one file for each service into DIR; a file that is there stays as it is. Default: print them'],
    ['--server URL', 'pages address of the running service; default: as configured'],
    ['--json', 'the answer of GET /api/v1/suggestions'],
    ['TOCSIN_TOKEN', 'environment variable: a token of the role viewer, where the service asks for one'],
    ['', 'Entry points with enough traffic, with the tightest targets that their history supports. Exit code 1 when there is nothing to suggest.'],
  ],
  async run({ values }) {
    const { server, range, out } = values;
    if (typeof range === 'string') {
      const parsed = parseDuration(range);
      if (!parsed.ok) throw new CouldNotRun(`--range: ${parsed.error}`);
    }
    const api = await requireServiceApi(typeof server === 'string' ? server : undefined);
    const answer = await api.get<Suggestions>(`/api/v1/suggestions${typeof range === 'string' ? `?range=${encodeURIComponent(range)}` : ''}`);
    if (values['json'] === true) printLine(JSON.stringify(answer, null, 2));
    else if (typeof out === 'string') writeFiles(answer, out);
    else printLine(answer.suggestions.map(({ file, yaml }) => `# ${file}\n${yaml}`).join('---\n').trimEnd());
    if (answer.suggestions.length > 0) return EXIT_FINE;
    printError('nothing to suggest: no entry point has traffic enough, or all have their SLOs');
    return EXIT_NO;
  },
};

function writeFiles({ suggestions }: Suggestions, directory: string): void {
  mkdirSync(directory, { recursive: true });
  for (const { file, yaml, slos } of suggestions) {
    const path = join(directory, file);
    if (existsSync(path)) {
      printError(`${path} is there already and stays as it is`);
      continue;
    }
    writeFileSync(path, yaml);
    printLine(`${path}: ${count(slos.length, 'SLO')}`);
  }
}
