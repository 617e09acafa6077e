import { z } from 'zod';
import { readTextFile } from '../../lib/fs-text-files.js';
import { errorAt, hasErrors } from '../../lib/problem-codes.js';
import { formatProblem, type Problem } from '../../lib/problem.js';
import { validateDocument } from '../../lib/validate-document.js';
import { parseYaml, type TextFile, type YamlDocument } from '../../lib/yaml-document.js';
import type { LabelledIncident } from '../../pipeline/backtest-verdict.js';
import { CouldNotRun } from '../command.js';

const instant = z.union([z.string(), z.date()]).transform((value, context) => {
  const timeMs = value instanceof Date ? value.getTime() : Date.parse(value);
  if (Number.isFinite(timeMs)) return timeMs;
  context.addIssue({ code: 'custom', message: 'is not a time', params: { hint: 'write it like 2026-11-20T03:04:05Z' } });
  return z.NEVER;
});

const schema = z.strictObject({
  incidents: z.array(z.strictObject({ title: z.string().min(1), slo: z.string().optional(), service: z.string().optional(), startedAt: instant, endedAt: instant })),
});

/** Incidents that people wrote down: `incidents: [{ title, slo or service, startedAt, endedAt }]` in YAML or JSON. @throws CouldNotRun with every problem. */
export async function readLabelledIncidents(path: string): Promise<LabelledIncident[]> {
  const file = await readTextFile(path);
  if (!file.ok) throw new CouldNotRun(formatProblem(file.error));
  return parseLabelledIncidents(file.value);
}

export function parseLabelledIncidents(file: TextFile): LabelledIncident[] {
  const { documents, problems } = parseYaml(file);
  const found: Problem[] = [...problems];
  const labelled = documents.flatMap((document) => incidentsOf(document, found));
  if (hasErrors(found)) throw new CouldNotRun(found.map(formatProblem).join('\n'));
  return labelled.sort((left, right) => left.startedAtMs - right.startedAtMs);
}

function incidentsOf(document: YamlDocument, problems: Problem[]): LabelledIncident[] {
  const read = validateDocument(schema, document, { area: 'incidents' });
  if (!read.ok) {
    problems.push(...read.error);
    return [];
  }
  return read.value.incidents.map(({ title, slo, service, startedAt, endedAt }, index) => {
    if (endedAt <= startedAt) problems.push(errorAt(document.at(['incidents', index, 'endedAt']), 'incidents/invalid-value', { path: `incidents[${index}].endedAt`, message: 'is not after startedAt', hint: 'an incident ends after it starts' }));
    return { title, slo, service, startedAtMs: startedAt, endedAtMs: endedAt };
  });
}
