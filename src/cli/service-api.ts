import { loadSettings } from '../config/fs-settings.js';
import { publicUrlOf, type Settings } from '../config/settings.js';
import { formatProblem } from '../lib/problem.js';
import { CouldNotRun } from './command.js';
import { findService } from './import/running-service.js';

/** A token of the role viewer or more; needed where the service asks for tokens. */
export const TOKEN_VARIABLE = 'TOCSIN_TOKEN';
const TIMEOUT_MS = 60_000;

/** What the API of a running service refused, with its code. */
export class ServiceRefused extends CouldNotRun {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The API of a running service, for commands that ask it. */
export class ServiceApi {
  readonly pages: string;

  constructor(pages: string) {
    this.pages = pages.replace(/\/+$/, '');
  }

  async get<Answer>(path: string): Promise<Answer> {
    return JSON.parse(await this.#ask(path, {})) as Answer;
  }

  /** What is not JSON. */
  text(path: string): Promise<string> {
    return this.#ask(path, {});
  }

  /** An answer of any length, line by line, without the newlines. */
  async* lines(path: string): AsyncGenerator<string> {
    const answer = await this.#answer(path, {});
    if (!answer.ok) throw refusal(answer.status, await answer.text());
    let rest = '';
    try {
      for await (const piece of (answer.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
        const lines = `${rest}${piece}`.split('\n');
        rest = lines.pop() ?? '';
        yield* lines;
      }
    } catch (error) {
      throw new CouldNotRun(`the service at ${this.pages} broke off its answer: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (rest !== '') yield rest;
  }

  async post<Answer>(path: string, body: unknown): Promise<Answer> {
    return JSON.parse(await this.#ask(path, { method: 'POST', body: JSON.stringify(body) })) as Answer;
  }

  /** @throws ServiceRefused for a problem document, CouldNotRun where nothing sensible answers. */
  async #ask(path: string, init: Pick<RequestInit, 'method' | 'body'>): Promise<string> {
    const answer = await this.#answer(path, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await answer.text();
    if (answer.ok) return text;
    throw refusal(answer.status, text);
  }

  async #answer(path: string, init: Pick<RequestInit, 'method' | 'body' | 'signal'>): Promise<Response> {
    const token = process.env[TOKEN_VARIABLE];
    const headers = { accept: 'application/json, text/markdown', ...(init.body === undefined ? {} : { 'content-type': 'application/json' }), ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    try {
      return await fetch(`${this.pages}${path}`, { ...init, headers });
    } catch (error) {
      throw new CouldNotRun(`the service at ${this.pages} does not answer: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function refusal(status: number, text: string): ServiceRefused {
  const { code = '', detail = `it answered with status ${status}`, hint = '' } = problemIn(text);
  const needsToken = code.startsWith('access/') ? ` Set ${TOKEN_VARIABLE} to a token of the role viewer.` : '';
  return new ServiceRefused(code, `the service says: ${detail.replace(/\.$/, '')}.${hint === '' ? '' : ` ${hint}`}${needsToken}`);
}

function problemIn(text: string): { readonly code?: string; readonly detail?: string; readonly hint?: string } {
  try {
    return JSON.parse(text) as { readonly code?: string; readonly detail?: string; readonly hint?: string };
  } catch {
    return {};
  }
}

/** Settings as configured, or all that is wrong with them. */
export async function settingsOrRefusal(): Promise<Settings> {
  const { settings, problems } = await loadSettings(process.env);
  if (settings === undefined) throw new CouldNotRun(`the settings are not right:\n${problems.map(formatProblem).join('\n')}`);
  return settings;
}

/** The running service at `server`, else at the configured address; undefined where none was named and none runs. */
export async function findServiceApi(server: string | undefined, settings: Settings): Promise<ServiceApi | undefined> {
  if (server !== undefined && !/^https?:$/.test(URL.canParse(server) ? new URL(server).protocol : '')) {
    throw new CouldNotRun(`--server "${server}" is not a URL: write the address of the pages in full, like http://127.0.0.1:4400`);
  }
  const pages = server ?? publicUrlOf({ ...settings, publicUrl: undefined });
  const probe = await findService(pages, process.env);
  if (probe.kind === 'found') return new ServiceApi(probe.service.pages);
  if (server !== undefined) throw new CouldNotRun(`no Tocsin at ${server} (${probe.reason})`);
  return undefined;
}

/** As above, for commands that need one. */
export async function requireServiceApi(server: string | undefined): Promise<ServiceApi> {
  const settings = await settingsOrRefusal();
  const api = await findServiceApi(server, settings);
  if (api === undefined) throw new CouldNotRun(`no Tocsin runs at ${publicUrlOf({ ...settings, publicUrl: undefined })}: start it, or name the address of its pages with --server`);
  return api;
}
