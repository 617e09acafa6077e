import { CouldNotRun, EXIT_FINE, printLine, type Command } from './command.js';
import { requireServiceApi, TOKEN_VARIABLE } from './service-api.js';

interface Receipt {
  readonly id: string;
  readonly attribute: string;
  readonly valueSha256: string;
  readonly reason: string;
  readonly askedBy: string;
  readonly askedAt: string;
  readonly state: string;
  readonly traces: number;
  readonly hotSpans: number;
  readonly archivedSpans: number;
  readonly logs: number;
  readonly files: number;
  readonly doneAt: string | null;
}

export const eraseCommand: Command = {
  usage: 'ATTRIBUTE=VALUE --reason TEXT | list | receipt ID [--server URL] [--json]',
  takesArguments: true,
  options: { reason: { type: 'string' }, server: { type: 'string' }, json: { type: 'boolean' } },
  help: [
    ['ATTRIBUTE=VALUE', 'erase every trace in which a span, event, link or resource has it, and log records with it; whole traces, for good'],
    ['--reason TEXT', 'why: it stands in the receipt'],
    ['list', 'what was erased, newest first'],
    ['receipt ID', 'how far it is, and what was erased'],
    ['--server URL', 'pages address of a running service; default: the configured one'],
    ['--json', 'as JSON: {id,attribute,valueSha256,reason,askedBy,askedAt,state,traces,hotSpans,archivedSpans,logs,files,doneAt}, for list {"erasures":[…]}'],
    [TOKEN_VARIABLE, 'environment variable: a token of the role admin, for list and receipt viewer, where the service asks for one'],
  ],
  async run({ values, positionals: [first = '', ...rest] }) {
    const reason = typeof values['reason'] === 'string' ? values['reason'].trim() : '';
    const asks = /^([^=]+)=(.+)$/s.exec(first);
    const isRight = first === 'list' ? rest.length === 0 : first === 'receipt' ? rest.length === 1 : asks !== null && rest.length === 0 && reason !== '';
    if (!isRight) throw new CouldNotRun('write tocsin erase ATTRIBUTE=VALUE --reason TEXT, tocsin erase list, or tocsin erase receipt ID');
    const api = await requireServiceApi(typeof values['server'] === 'string' ? values['server'] : undefined);
    const isJson = values['json'] === true;
    if (first === 'list') {
      const answer = await api.get<{ readonly erasures: readonly Receipt[] }>('/api/v1/erasures');
      if (isJson) printLine(JSON.stringify(answer, null, 2));
      else if (answer.erasures.length === 0) printLine('nothing was erased');
      else answer.erasures.forEach(print);
      return EXIT_FINE;
    }
    const receipt = first === 'receipt' ? await api.get<Receipt>(`/api/v1/erasures/${encodeURIComponent(rest[0] ?? '')}`) : await api.post<Receipt>('/api/v1/erasures', { attribute: asks?.[1], value: asks?.[2], reason });
    if (isJson) printLine(JSON.stringify(receipt, null, 2));
    else print(receipt);
    if (first !== 'receipt' && !isJson) printLine(`the receipt, also while it is under way: tocsin erase receipt ${receipt.id}`);
    return EXIT_FINE;
  },
};

function print({ id, attribute, valueSha256, reason, askedBy, askedAt, state, traces, hotSpans, archivedSpans, logs, files, doneAt }: Receipt): void {
  printLine(`${id}  ${attribute} (value with SHA-256 ${valueSha256.slice(0, 16)}…)  asked ${askedAt} by ${askedBy}: ${reason}`);
  printLine(`  ${doneAt === null ? `${state}, not done yet` : `done ${doneAt}`}: ${traces} traces, ${hotSpans} hot and ${archivedSpans} archived spans, ${logs} log records, ${files} files of the archive`);
}
