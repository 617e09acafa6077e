import { writeFile } from 'node:fs/promises';
import { CouldNotRun, EXIT_FINE, printLine, type Command } from './command.js';
import { requireServiceApi } from './service-api.js';

export const postmortemCommand: Command = {
  usage: 'INCIDENT [--out FILE] [--server URL]',
  takesArguments: true,
  options: { out: { type: 'string' }, server: { type: 'string' } },
  help: [
    ['INCIDENT', 'its id, as messages and pages show it: inc-20261120-030405-8e78'],
    ['--out FILE', 'where to write it; a file that is there is kept, and the command fails. Default: the terminal'],
    ['--server URL', 'pages address of the running service; default: as configured'],
    ['TOCSIN_TOKEN', 'environment variable: a token of the role viewer, where the service asks for one'],
  ],
  async run({ values, positionals: [id, surplus] }) {
    if (id === undefined || surplus !== undefined) throw new CouldNotRun('name one incident: tocsin postmortem inc-…');
    const { out, server } = values;
    const api = await requireServiceApi(typeof server === 'string' ? server : undefined);
    const draft = await api.text(`/api/v1/incidents/${encodeURIComponent(id)}/postmortem`);
    if (typeof out === 'string') await write(out, draft);
    else printLine(draft.trimEnd());
    return EXIT_FINE;
  },
};

/** What people have added to an earlier draft must not be lost. */
async function write(path: string, draft: string): Promise<void> {
  try {
    await writeFile(path, draft, { flag: 'wx' });
  } catch (error) {
    throw new CouldNotRun(`${path} cannot be written: ${error instanceof Error && 'code' in error && error.code === 'EEXIST' ? 'it is there already; name another file' : error instanceof Error ? error.message : String(error)}`);
  }
}
