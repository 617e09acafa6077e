import { formatLatency, formatPercent } from '../lib/format.js';
import { CouldNotRun, EXIT_COULD_NOT_RUN, EXIT_FINE, EXIT_NO, printLine, type Command } from './command.js';
import { requireServiceApi } from './service-api.js';

export interface CompareAnswer {
  readonly verdict: 'worse' | 'no-worse' | 'too-few';
  readonly sentence: string;
  readonly operations: readonly {
    readonly operation: string; readonly requests: readonly [number, number]; readonly failed: readonly [number, number]; readonly medianNs: readonly [number, number]; readonly p95Ns: readonly [number, number];
    readonly slower: boolean; readonly failsMore: boolean;
  }[];
  readonly leftOut: readonly string[];
}

const EXIT: Readonly<Record<CompareAnswer['verdict'], number>> = { 'no-worse': EXIT_FINE, worse: EXIT_NO, 'too-few': EXIT_COULD_NOT_RUN };

export const compareCommand: Command = {
  usage: '(--version A | --cohort QUERY) --against B [--service S] [--range 1h] [--tolerance 0.1] [--server URL] [--json]',
  options: { version: { type: 'string' }, cohort: { type: 'string' }, against: { type: 'string' }, service: { type: 'string' }, range: { type: 'string' }, tolerance: { type: 'string' }, server: { type: 'string' }, json: { type: 'boolean' } },
  help: [
    ['--version A', 'the service.version to judge: a canary'],
    ['--cohort QUERY', 'instead of a version: any requests, as TraceQL; --against is a query then as well'],
    ['--against B', 'what it is compared with'],
    ['--service S', 'only requests of this service'],
    ['--range 1h', 'how far back to look; default: an hour'],
    ['--tolerance 0.1', 'how much slower is no worse; default: a tenth'],
    ['--server URL', 'pages address of the running service; default: as configured'],
    ['--json', 'the answer of GET /api/v1/compare'],
    ['TOCSIN_TOKEN', 'environment variable: a token of the role viewer, where the service asks for one'],
    ['', 'Exit code 0: nothing shows it to be worse. 1: slower or failing more often: roll back. 2: could not run, or too few requests to say.'],
  ],
  async run({ values }) {
    const text = (name: string): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined);
    const cohorts = cohortsOf({ version: text('version'), cohort: text('cohort'), against: text('against'), service: text('service') });
    const query = new URLSearchParams(Object.entries({ ...cohorts, range: text('range') ?? '', tolerance: text('tolerance') ?? '' }).filter(([, value]) => value !== ''));
    const answer = await (await requireServiceApi(text('server'))).get<CompareAnswer>(`/api/v1/compare?${query.toString()}`);
    printLine(values['json'] === true ? JSON.stringify(answer, null, 2) : compareText(answer));
    return EXIT[answer.verdict];
  },
};

interface Wish {
  readonly version: string | undefined;
  readonly cohort: string | undefined;
  readonly against: string | undefined;
  readonly service: string | undefined;
}

/** The two queries that are meant. */
export function cohortsOf({ version, cohort, against, service }: Wish): { readonly cohort: string; readonly against: string } {
  if ((version === undefined) === (cohort === undefined) || against === undefined) throw new CouldNotRun('name two cohorts: tocsin compare --version A --against B, or --cohort QUERY --against QUERY');
  if (cohort !== undefined && service !== undefined) throw new CouldNotRun('--service goes with --version: name the service in the queries');
  if ((version ?? cohort) === against) throw new CouldNotRun(`both sides are the same, ${against}: nothing is worse than itself; name what it is compared with in --against`);
  if (cohort !== undefined) return { cohort, against };
  const only = service === undefined ? '' : ` && resource.service.name = ${JSON.stringify(service)}`;
  const of = (name: string): string => `{ resource.service.version = ${JSON.stringify(name)}${only} }`;
  return { cohort: of(version ?? ''), against: of(against) };
}

/** For a terminal. */
export function compareText({ sentence, operations, leftOut }: CompareAnswer): string {
  const lines = operations.map(({ operation, requests, failed, medianNs, p95Ns, slower, failsMore }) => {
    const share = (side: 0 | 1): string => formatPercent(failed[side] / requests[side], 2);
    const mark = slower || failsMore ? 'worse' : 'ok   ';
    return `  ${mark}  ${operation}: ${requests[0]} against ${requests[1]} requests, failed ${share(0)} against ${share(1)}, median ${formatLatency(medianNs[0])} against ${formatLatency(medianNs[1])}, p95 ${formatLatency(p95Ns[0])} against ${formatLatency(p95Ns[1])}`;
  });
  return [sentence, ...lines, ...(leftOut.length === 0 ? [] : [`  too few requests on one side: ${leftOut.join(', ')}`])].join('\n');
}
