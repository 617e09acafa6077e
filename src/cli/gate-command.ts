import { CouldNotRun, EXIT_FINE, EXIT_NO, printLine, type Command } from './command.js';
import { requireServiceApi } from './service-api.js';

export interface GateAnswer {
  readonly slo: string;
  readonly verdict: 'open' | 'closed';
  readonly gate: string;
  readonly sentence: string;
  readonly reasons: readonly { readonly action: 'freeze' | 'warn'; readonly text: string; readonly note: string }[];
}

export const gateCommand: Command = {
  usage: 'SLO [--version V] [--server URL] [--json]',
  takesArguments: true,
  options: { version: { type: 'string' }, server: { type: 'string' }, json: { type: 'boolean' } },
  help: [
    ['SLO', 'name of the SLO that the release must not endanger'],
    ['--version V', 'a service.version: what it burned counts too, as far as its spans are stored'],
    ['--server URL', 'pages address of the running service; default: as configured'],
    ['--json', 'the answer of GET /api/v1/gates/{slo}'],
    ['TOCSIN_TOKEN', 'environment variable: a token of the role viewer, where the service asks for one'],
    ['', 'Exit code 0: open (also with a warning). 1: closed. 2: could not run. Steps are `kind: ReleaseGate` in rules/.'],
  ],
  async run({ values, positionals }) {
    const [slo, ...rest] = positionals;
    if (slo === undefined || rest.length > 0) throw new CouldNotRun('name one SLO: tocsin gate SLO [--version V]');
    const { server, version } = values;
    const api = await requireServiceApi(typeof server === 'string' ? server : undefined);
    const query = typeof version === 'string' ? `?version=${encodeURIComponent(version)}` : '';
    const answer = await api.get<GateAnswer>(`/api/v1/gates/${encodeURIComponent(slo)}${query}`);
    printLine(values['json'] === true ? JSON.stringify(answer, null, 2) : gateText(answer));
    return answer.verdict === 'open' ? EXIT_FINE : EXIT_NO;
  },
};

/** For a terminal. */
export function gateText({ slo, gate, sentence, reasons }: GateAnswer): string {
  const lines = reasons.map(({ action, text, note }) => `  ${action === 'freeze' ? 'freeze' : 'warn  '}  ${text}${note === '' ? '' : ` (${note})`}`);
  return [`${slo} ${sentence} [gate ${gate}]`, ...lines].join('\n');
}
