import type { ExportOutcome, ExportRequest } from '../ingest/absorber.js';
import type { LogDecoder, TraceDecoder } from '../ingest/decoder.js';
import type { Normaliser } from '../ingest/normaliser.js';
import type { Redactor } from '../ingest/redactor.js';
import type { Measurer } from '../sli/measurer.js';
import { digestOf } from '../store/digest-index.js';
import type { AdmittedExport, SpanSink } from '../store/span-sink.js';
import type { IngestTally } from './ingest-tally.js';

export interface AbsorbPorts {
  readonly traces: TraceDecoder;
  readonly logs: LogDecoder;
  /** By the rules in force now, as `measurer`. */
  readonly redactor: () => Redactor;
  readonly normaliser: Normaliser;
  readonly measurer: () => Measurer;
  readonly sink: SpanSink;
  readonly tally: IngestTally;
}

/** What a decoded request adds to the store, before it is known where it came from. */
type Contents = Pick<AdmittedExport, 'rejected' | 'message' | 'spans' | 'logs' | 'sloSlices' | 'redSlices'>;

/**
 * The way of every export: recall (the same bytes again) → decode and admit → redact → normalise → measure → commit → answer.
 * One pass over columns; nothing is matched or written before it is redacted, nothing is answered before its commit.
 */
export async function absorb(request: ExportRequest, ports: AbsorbPorts): Promise<ExportOutcome> {
  const digest = digestOf(request);
  const known = ports.sink.recall(digest, request);
  if (known !== undefined) return known;
  const contents = request.signal === 'traces' ? admitTraces(request, ports) : admitLogs(request, ports);
  if ('kind' in contents) return contents;
  const { signal, protocol, receivedAtMs } = request;
  return ports.sink.store({ digest, signal, protocol, receivedAtMs, ...contents });
}

function admitTraces(request: ExportRequest, { traces, redactor, normaliser, measurer, tally }: AbsorbPorts): Contents | ExportOutcome {
  const decoded = traces.decode(request);
  if (!decoded.ok) return { kind: 'malformed', message: decoded.message };
  tally.decoded(decoded);
  const { batch, hits } = redactor().spans(decoded.batch);
  tally.redacted(hits);
  const spans = normaliser.spans(batch, { receivedAtMs: request.receivedAtMs, imported: request.protocol === 'import' });
  const measured = measurer().measure(spans, Math.floor(request.receivedAtMs / 60_000));
  tally.measured(measured);
  const { count: rejected, message } = decoded.rejected;
  return { rejected, message, spans, sloSlices: measured.sloSlices, redSlices: measured.redSlices };
}

function admitLogs(request: ExportRequest, { logs, redactor, normaliser, tally }: AbsorbPorts): Contents | ExportOutcome {
  const decoded = logs.decode(request);
  if (!decoded.ok) return { kind: 'malformed', message: decoded.message };
  tally.decoded(decoded);
  const { batch, hits } = redactor().logs(decoded.batch);
  tally.redacted(hits);
  const { count: rejected, message } = decoded.rejected;
  return { rejected, message, logs: normaliser.logs(batch), sloSlices: [], redSlices: [] };
}
