import type { ExportOutcome, ExportRequest } from '../ingest/absorber.js';
import type { LogDecoder, TraceDecoder } from '../ingest/decoder.js';
import type { Normaliser } from '../ingest/normaliser.js';
import type { Redactor } from '../ingest/redactor.js';
import type { Clock } from '../lib/clock.js';
import type { Measurer } from '../sli/measurer.js';
import { digestOf } from '../store/digest-index.js';
import type { AdmittedExport, SpanSink } from '../store/span-sink.js';
import type { SpanBatch } from '../trace/span-batch.js';
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
  readonly clock: Clock;
}

/** What a decoded request adds to the store, before it is known where it came from. */
type Contents = Pick<AdmittedExport, 'rejected' | 'deduplicated' | 'message' | 'spans' | 'claim' | 'logs' | 'sloSlices' | 'redSlices' | 'graphSlices' | 'journeys'>;

/**
 * The way of every export: recall (the same bytes again) → decode → admit (spans that are new) → redact → normalise → measure → commit → answer.
 * One pass over columns; nothing is matched or written before it is redacted, nothing is answered before its commit.
 */
export async function absorb(request: ExportRequest, ports: AbsorbPorts): Promise<ExportOutcome> {
  const digest = digestOf(request);
  const known = ports.sink.recall(digest, request);
  if (known !== undefined) return known;
  const contents = request.signal === 'traces' ? await admitTraces(request, ports) : admitLogs(request, ports);
  if ('kind' in contents) return contents;
  const { signal, protocol, receivedAtMs } = request;
  const outcome = await ports.sink.store({ digest, signal, protocol, receivedAtMs, ...contents });
  if (outcome.kind === 'stored' && contents.spans !== undefined && protocol !== 'import') ports.tally.readable(contents.spans, ports.clock.nowMs());
  return outcome;
}

async function admitTraces(request: ExportRequest, ports: AbsorbPorts): Promise<Contents | ExportOutcome> {
  const decoded = ports.traces.decode(request);
  if (!decoded.ok) return { kind: 'malformed', message: decoded.message };
  ports.tally.decoded(decoded);
  const { batch, claim, deduplicated } = await ports.sink.admit(decoded.batch, request.receivedAtMs);
  const { count: rejected, message } = decoded.rejected;
  try {
    return { rejected, deduplicated, message, claim, ...measured(batch, request, ports) };
  } catch (error) {
    ports.sink.abandon(claim);
    throw error;
  }
}

function measured(decoded: SpanBatch, { receivedAtMs, protocol }: ExportRequest, { redactor, normaliser, measurer, tally }: AbsorbPorts): Pick<Contents, 'spans' | 'sloSlices' | 'redSlices' | 'graphSlices' | 'journeys'> {
  const { batch, hits } = redactor().spans(decoded);
  tally.redacted(hits);
  const spans = normaliser.spans(batch, { receivedAtMs, imported: protocol === 'import' });
  const measurement = measurer().measure(spans, Math.floor(receivedAtMs / 60_000));
  tally.measured(measurement);
  const { sloSlices, redSlices, graphSlices, journeys } = measurement;
  return { spans, sloSlices, redSlices, graphSlices, journeys };
}

function admitLogs(request: ExportRequest, { logs, redactor, normaliser, tally }: AbsorbPorts): Contents | ExportOutcome {
  const decoded = logs.decode(request);
  if (!decoded.ok) return { kind: 'malformed', message: decoded.message };
  tally.decoded(decoded);
  const { batch, hits } = redactor().logs(decoded.batch);
  tally.redacted(hits);
  const { count: rejected, message } = decoded.rejected;
  return { rejected, deduplicated: 0, message, logs: normaliser.logs(batch), sloSlices: [], redSlices: [] };
}
