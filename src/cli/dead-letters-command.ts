import { CouldNotRun, EXIT_FINE, EXIT_NO, printLine, type Command } from './command.js';
import { requireServiceApi, ServiceRefused, TOKEN_VARIABLE, type ServiceApi } from './service-api.js';

interface DeadLetterRow {
  readonly id: string;
  readonly incident: string;
  readonly title: string;
  readonly receiver: string;
  readonly integration: string;
  readonly news: string;
  readonly createdAt: string;
  readonly attempts: number;
  readonly error: string | null;
  readonly retryable: boolean;
}

export const deadLettersCommand: Command = {
  usage: 'list | retry ID… | retry --all [--server URL] [--json]',
  takesArguments: true,
  options: { server: { type: 'string' }, json: { type: 'boolean' }, all: { type: 'boolean' } },
  help: [
    ['list', 'messages that were given up, newest first, with the reason'],
    ['retry ID…', 'send them again, now; not where their receiver has later news of the incident by now'],
    ['--all', 'with retry: all that can be sent again'],
    ['--server URL', 'pages address of a running service; default: the configured one'],
    ['--json', 'as JSON: {"deadLetters":[{id,incident,title,receiver,integration,news,createdAt,attempts,error,overtaken,retryable}…]}, or {"retried":[ID…],"refused":[{id,reason}…]}'],
    [TOKEN_VARIABLE, 'environment variable: a token of the role viewer, for retry responder, where the service asks for one'],
    ['', 'Exit code 1 when something was not sent again.'],
  ],
  async run({ values, positionals: [verb, ...ids] }) {
    const isAll = values['all'] === true;
    if (verb === 'list' ? ids.length > 0 || isAll : verb !== 'retry' || isAll === ids.length > 0) throw new CouldNotRun('write tocsin dead-letters list, tocsin dead-letters retry ID…, or tocsin dead-letters retry --all');
    const api = await requireServiceApi(typeof values['server'] === 'string' ? values['server'] : undefined);
    const isJson = values['json'] === true;
    if (verb === 'retry') return retry(api, isAll ? (await listed(api)).filter(({ retryable }) => retryable).map(({ id }) => id) : ids, isJson);
    const deadLetters = await listed(api);
    if (isJson) printLine(JSON.stringify({ deadLetters }, null, 2));
    else print(deadLetters);
    return EXIT_FINE;
  },
};

async function listed(api: ServiceApi): Promise<readonly DeadLetterRow[]> {
  return (await api.get<{ readonly deadLetters: readonly DeadLetterRow[] }>('/api/v1/dead-letters')).deadLetters;
}

async function retry(api: ServiceApi, ids: readonly string[], isJson: boolean): Promise<number> {
  const retried: string[] = [];
  const refused: { readonly id: string; readonly reason: string }[] = [];
  for (const id of ids) {
    try {
      await api.post(`/api/v1/dead-letters/${encodeURIComponent(id)}/retry`, {});
      retried.push(id);
    } catch (error) {
      if (!(error instanceof ServiceRefused) || !error.code.startsWith('delivery/')) throw error;
      refused.push({ id, reason: error.message });
    }
  }
  if (isJson) printLine(JSON.stringify({ retried, refused }, null, 2));
  else {
    for (const id of retried) printLine(`${id} is sent again`);
    for (const { id, reason } of refused) printLine(`${id} is not sent: ${reason}`);
  }
  return refused.length === 0 ? EXIT_FINE : EXIT_NO;
}

function print(rows: readonly DeadLetterRow[]): void {
  if (rows.length === 0) printLine('nothing was given up');
  for (const { id, incident, title, receiver, integration, news, createdAt, attempts, error, retryable } of rows) {
    printLine(`${id}  ${createdAt}  ${receiver} ${integration}  ${news} of ${incident}: ${title}`);
    printLine(`  ${String(attempts)} attempts: ${error ?? 'no reason given'}${retryable ? '' : '; its receiver has later news by now'}`);
  }
}
