import { parseDuration } from '../lib/duration.js';
import { isTraceId, type TraceId } from '../lib/ids.js';
import { ok } from '../lib/result.js';
import { EXPORT_FORMATS } from '../query/export-formats.js';
import { TRACE_SPAN_LIMIT, type WholeTrace } from '../query/trace-reader.js';
import { CouldNotRun, count, EXIT_FINE, EXIT_NO, printError, type Command, type CommandInput } from './command.js';
import { writeParquet } from './export/duckdb-parquet-file.js';
import { openTraces, type TraceQuery, type TraceSource } from './export/trace-source.js';
import { writeText } from './export/trace-writer.js';
import { settingsOrRefusal } from './service-api.js';

const FORMATS = [...EXPORT_FORMATS, 'parquet'] as const;
type Format = (typeof FORMATS)[number];

export const exportCommand: Command = {
  usage: '[TRACE_ID…] [--query TRACEQL] [--range 1h] [--limit 100|all] [--format otlp|jaeger|parquet] [--out FILE] [--server URL]',
  takesArguments: true,
  options: { query: { type: 'string' }, range: { type: 'string' }, limit: { type: 'string' }, format: { type: 'string' }, out: { type: 'string' }, server: { type: 'string' } },
  help: [
    ['TRACE_ID…', 'traces to export'],
    ['--query TRACEQL', 'or those that it finds, newest first: \'{ status = error }\''],
    ['--range 1h', 'how far back --query looks; default: 1 hour; all: also imported traces of long ago'],
    ['--limit 100', 'how many traces --query takes; all: every one, however many there are'],
    ['--format otlp', 'OTLP/JSON lines, one trace a line, which `tocsin import` and the Collector read (default); jaeger: JSON for Jaeger\'s UI; parquet: columns of otel_traces, needs --out'],
    ['--out FILE', 'write to FILE; default: print'],
    ['--server URL', 'pages address of the running service; default: as configured, else the data directory'],
    ['TOCSIN_TOKEN', 'environment variable: a token of the role viewer, where the service asks for one'],
    ['', 'Exit code 1 when nothing was found.'],
  ],
  async run(input) {
    const format = formatOf(input);
    const wanted = wantedOf(input);
    const source = await openTraces(text(input, 'server'), await settingsOrRefusal());
    try {
      return await exportTraces(source, { wanted, format, out: text(input, 'out') });
    } finally {
      await source.close();
    }
  },
};

type Wanted = { readonly ids: readonly TraceId[] } | TraceQuery;

interface Exported {
  traces: number;
  spans: number;
  missing: number;
}

async function exportTraces(source: TraceSource, { wanted, format, out }: { readonly wanted: Wanted; readonly format: Format; readonly out: string | undefined }): Promise<number> {
  const exported: Exported = { traces: 0, spans: 0, missing: 0 };
  const found = 'ids' in wanted ? byId(source, wanted.ids, exported) : source.find(wanted);
  const traces = await beginning(counted(found, exported));
  if (traces === undefined) {
    printError('nothing to export');
    return EXIT_NO;
  }
  await (format === 'parquet' ? writeParquet(traces, out ?? '') : writeText(traces, { format, out }));
  if (out !== undefined) printError(`${out}: ${count(exported.traces, 'trace')}, ${count(exported.spans, 'span')}`);
  return exported.missing === 0 ? EXIT_FINE : EXIT_NO;
}

async function* byId(source: TraceSource, ids: readonly TraceId[], exported: Exported): AsyncGenerator<WholeTrace> {
  for (const id of ids) {
    const trace = await source.trace(id);
    if (trace !== undefined && trace.spans.length > 0) yield trace;
    else {
      exported.missing += 1;
      printError(`trace ${id} is not stored`);
    }
  }
}

async function* counted(traces: AsyncIterable<WholeTrace>, exported: Exported): AsyncGenerator<WholeTrace> {
  for await (const trace of traces) {
    exported.traces += 1;
    exported.spans += trace.spans.length;
    if (trace.spans.length >= TRACE_SPAN_LIMIT) printError(`trace ${trace.traceId} may have more spans than the ${count(TRACE_SPAN_LIMIT, 'span')} that are exported`);
    yield trace;
  }
}

/** The same traces, or undefined where there are none: then nothing is written, and no file begun. */
async function beginning(traces: AsyncGenerator<WholeTrace>): Promise<AsyncIterable<WholeTrace> | undefined> {
  const first = await traces.next();
  if (first.done === true) return undefined;
  return (async function* (): AsyncGenerator<WholeTrace> {
    yield first.value;
    yield* traces;
  })();
}

function formatOf(input: CommandInput): Format {
  const asked = text(input, 'format') ?? 'otlp';
  const format = FORMATS.find((each) => each === asked);
  if (format === undefined) throw new CouldNotRun(`--format "${asked}" is none of ${FORMATS.join(', ')}`);
  if (format === 'parquet' && input.values['out'] === undefined) throw new CouldNotRun('--format parquet needs --out FILE');
  return format;
}

function wantedOf(input: CommandInput): Wanted {
  const { positionals } = input;
  const query = text(input, 'query');
  if ((query === undefined) === (positionals.length === 0)) throw new CouldNotRun(query === undefined ? 'say what to export: trace ids, or --query' : 'write trace ids or --query, not both');
  if (query === undefined) {
    return { ids: positionals.map((id) => {
      const padded = id.toLowerCase().padStart(32, '0');
      if (!isTraceId(padded)) throw new CouldNotRun(`"${id}" is not a trace id: write up to 32 hexadecimal digits`);
      return padded;
    }) };
  }
  const range = text(input, 'range') ?? '1h';
  const parsed = range === 'all' ? ok(Infinity) : parseDuration(range);
  if (!parsed.ok) throw new CouldNotRun(`--range: ${parsed.error}`);
  if (parsed.value <= 0) throw new CouldNotRun('--range must be more than 0');
  return { query, rangeMs: parsed.value, limit: limitOf(text(input, 'limit') ?? '100') };
}

function limitOf(asked: string): number | undefined {
  if (asked === 'all') return undefined;
  const limit = Number(asked);
  if (!Number.isInteger(limit) || limit < 1) throw new CouldNotRun('--limit is a whole number from 1 on, or all');
  return limit;
}

function text({ values }: CommandInput, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}
