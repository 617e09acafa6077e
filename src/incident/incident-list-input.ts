import { z } from 'zod';
import { err, ok, type Result } from '../lib/result.js';
import { INCIDENT_LIST_MAX, type IncidentFilter } from './incident-reader.js';

export const INCIDENT_LIST_DEFAULT = 50;

const STATUSES = ['open', 'acknowledged', 'resolved'] as const;
const statusSchema = z.enum(STATUSES, { error: `is one of ${STATUSES.join(', ')}, or several with commas between` });
const inputSchema = z.object({
  status: z.string().optional().transform((text) => (text === undefined || text === '' ? [] : text.split(','))).pipe(z.array(statusSchema).max(STATUSES.length)),
  limit: z.coerce.number({ error: 'is not a number' }).int().min(1).max(INCIDENT_LIST_MAX).default(INCIDENT_LIST_DEFAULT),
});

/** Reads `?status=open,acknowledged&limit=20`; the error names every parameter that is wrong. */
export function readListInput(query: unknown): Result<IncidentFilter, string> {
  const result = inputSchema.safeParse(query ?? {});
  if (result.success) return ok(result.data);
  return err(result.error.issues.map((issue) => `${String(issue.path[0] ?? 'query')}: ${issue.message}`).join('; '));
}
