import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { exportText, type ExportFormat } from '../../query/export-formats.js';
import type { WholeTrace } from '../../query/trace-reader.js';

/** Writes to a file, or prints; never more than the reader takes. @throws where the file cannot be written. */
export async function writeText(traces: AsyncIterable<WholeTrace>, { format, out }: { readonly format: ExportFormat; readonly out: string | undefined }): Promise<void> {
  const stream: Writable = out === undefined ? process.stdout : createWriteStream(out);
  const failed = new Promise<never>((_, reject) => { stream.once('error', reject); });
  failed.catch(() => undefined);
  for await (const text of exportText(format, traces)) if (!stream.write(text)) await Promise.race([once(stream, 'drain'), failed]);
  if (out !== undefined) await Promise.race([new Promise<void>((resolve) => { stream.end(resolve); }), failed]);
}
