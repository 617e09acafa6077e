import { writeFileSync } from 'node:fs';
import { parseDuration } from '../lib/duration.js';
import { isTraceId, type TraceId } from '../lib/ids.js';
import { ok } from '../lib/result.js';
import { jaegerAnswer, jaegerTrace } from '../query/jaeger-view.js';
import { resourceSpansJson } from '../query/otlp-json.js';
import { TRACE_SEARCH_LIMIT } from '../query/trace-reader.js';
import type { Span } from '../trace/span.js';
import { CouldNotRun, count, EXIT_FINE, EXIT_NO, printError, type Command, type CommandInput } from './command.js';
import { writeParquet } from './export/duckdb-parquet-file.js';
import { openTraces, type TraceQuery, type TraceSource } from './export/trace-source.js';
import { settingsOrRefusal } from './service-api.js';

const FORMATS = ['otlp', 'jaeger', 'parquet'] as const;
type Format = (typeof FORMATS)[number];

export const exportCommand: Command = {
  usage: '[TRACE_ID…] [--query TRACEQL] [--range 1h] [--limit 100] [--format otlp|jaeger|parquet] [--out FILE] [--server URL]',
  takesArguments: true,
  options: { query: { type: 'string' }, range: { type: 'string' }, limit: { type: 'string' }, format: { type: 'string' }, out: { type: 'string' }, server: { type: 'string' } },
  help: [
    ['TRACE_ID…', 'traces to export'],
    ['--query TRACEQL', 'or those that it finds, newest first: \'{ status = error }\''],
    ['--range 1h', 'how far back --query looks; default: 1 hour; all: also imported traces of long ago'],
    ['--limit 100', `how many traces --query takes, at most ${TRACE_SEARCH_LIMIT}`],
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

async function exportTraces(source: TraceSource, { wanted, format, out }: { readonly wanted: Wanted; readonly format: Format; readonly out: string | undefined }): Promise<number> {
  const ids = 'ids' in wanted ? wanted.ids : await source.find(wanted);
  const traces: { readonly id: TraceId; readonly spans: readonly Span[] }[] = [];
  for (const id of ids) {
    const spans = await source.spansOf(id);
    if (spans === undefined) printError(`trace ${id} is not stored`);
    else traces.push({ id, spans });
  }
  if (traces.length === 0) {
    printError('nothing to export');
    return EXIT_NO;
  }
  await write(traces, format, out);
  if (out !== undefined) printError(`${out}: ${count(traces.length, 'trace')}, ${count(traces.reduce((sum, { spans }) => sum + spans.length, 0), 'span')}`);
  return traces.length === ids.length ? EXIT_FINE : EXIT_NO;
}

async function write(traces: readonly { readonly id: TraceId; readonly spans: readonly Span[] }[], format: Format, out: string | undefined): Promise<void> {
  if (format === 'parquet') {
    await writeParquet(traces.flatMap(({ spans }) => spans), out ?? '');
    return;
  }
  const content = format === 'otlp'
    ? traces.map(({ spans }) => `${JSON.stringify({ resourceSpans: resourceSpansJson(spans, 'otlp') })}\n`).join('')
    : `${JSON.stringify(jaegerAnswer(traces.map(({ id, spans }) => jaegerTrace(id, spans))))}\n`;
  if (out === undefined) process.stdout.write(content);
  else writeFileSync(out, content);
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
  const limit = Number(text(input, 'limit') ?? 100);
  if (!Number.isInteger(limit) || limit < 1 || limit > TRACE_SEARCH_LIMIT) throw new CouldNotRun(`--limit is a whole number from 1 to ${TRACE_SEARCH_LIMIT}`);
  return { query, rangeMs: parsed.value, limit };
}

function text({ values }: CommandInput, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}
