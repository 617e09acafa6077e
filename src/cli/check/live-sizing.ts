import { z } from 'zod';
import { CouldNotRun } from '../command.js';

/** A token of a role that may read; needed where the service asks for tokens. */
const TOKEN_VARIABLE = 'TOCSIN_TOKEN';
const TIMEOUT_MS = 10_000;

const answerSchema = z.object({ slos: z.array(z.object({ name: z.string(), sizing: z.array(z.string()), samplingWarning: z.string().nullable() })) });

/** What the traffic of a running service means for its SLOs: targets too tight for it, tiers that it cannot make fire, biased sampling. */
export interface LiveWarning {
  readonly slo: string;
  readonly message: string;
}

/**
 * Asks the service at `pages` what its traffic says of its rules.
 * @throws CouldNotRun when nobody answers there, or not as Tocsin does.
 */
export async function readLiveWarnings(pages: string, environment: NodeJS.ProcessEnv): Promise<LiveWarning[]> {
  const { slos } = await ask(pages, environment);
  return slos.flatMap(({ name, sizing, samplingWarning }) => [...sizing, ...(samplingWarning === null ? [] : [samplingWarning])].map((message) => ({ slo: name, message })));
}

async function ask(pages: string, environment: NodeJS.ProcessEnv): Promise<z.output<typeof answerSchema>> {
  const token = environment[TOKEN_VARIABLE];
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  let answer: Response;
  try {
    answer = await fetch(new URL('/api/v1/slos', pages), { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw new CouldNotRun(`--live: ${pages} does not answer: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (answer.status === 401 || answer.status === 403) throw new CouldNotRun(`--live: ${pages} asks for a token: set ${TOKEN_VARIABLE} to one of a role that may read`);
  const body = answerSchema.safeParse(await answer.json().catch(() => undefined));
  if (!answer.ok || !body.success) throw new CouldNotRun(`--live: what answers at ${pages} is not a Tocsin of this version`);
  return body.data;
}
