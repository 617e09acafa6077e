import { existsSync, statSync } from 'node:fs';
import { rankSuspects, type Diagnosis } from '../diagnosis/culprit/rank-suspects.js';
import { findPatterns } from '../diagnosis/pattern/find-patterns.js';
import type { PatternFinding } from '../diagnosis/pattern/pattern.js';
import { PATTERN_WORDS, sharesInWords } from '../diagnosis/pattern/pattern-words.js';
import { requestsOf } from '../diagnosis/pattern/requests-of.js';
import { formatTime } from '../lib/format.js';
import { CouldNotRun, count, EXIT_FINE, printError, printLine, type Command } from './command.js';
import { readTraffic, type ReadTraffic } from './diagnose/read-traffic.js';

export const diagnoseCommand: Command = {
  usage: '--baseline FILE… --incident FILE… [--json]',
  options: { baseline: { type: 'string' }, incident: { type: 'string' }, json: { type: 'boolean' } },
  listOptions: ['baseline', 'incident'],
  help: [
    ['--baseline FILE…', 'traces and logs of a time when all was well: OTLP/JSON lines (.jsonl, .json, also .gz), or OTLP protobuf'],
    ['--incident FILE…', 'traces and logs of the incident; best from a little before it began'],
    ['--json', 'the result as JSON: {"suspects":[{"service","operation","score","strength","reason","resource"}…],"operations","resources":[{"attribute","value","services","score","strength","reason","same"}…],"since","patterns":[{"kind","service","operation","words","explains",…}…],"baseline","incident","compared":{"requests","of"}}, most likely first'],
    ['', 'Needs no server. Logs are optional; they count where both sides have them. docs/diagnosis.md explains the ranking.'],
  ],
  run: async ({ values, lists }) => {
    const [baseline, incident] = [await readSide('baseline', lists['baseline'] ?? []), await readSide('incident', lists['incident'] ?? [])];
    const diagnosis = rankSuspects(baseline, incident);
    const patterns = findPatterns(requestsOf(incident), requestsOf(baseline));
    if (values['json'] === true) printLine(JSON.stringify({ ...asJson(diagnosis, { baseline, incident }), patterns }));
    else {
      printDiagnosis(diagnosis, { baseline, incident });
      printPatterns(patterns);
    }
    return EXIT_FINE;
  },
};

async function readSide(side: string, paths: readonly string[]): Promise<ReadTraffic> {
  if (paths.length === 0) throw new CouldNotRun(`name the files of the ${side}: tocsin diagnose --baseline FILE… --incident FILE…`);
  for (const path of paths) {
    if (!existsSync(path)) throw new CouldNotRun(`${path} does not exist`);
    if (!statSync(path).isFile()) throw new CouldNotRun(`${path} is not a file: name the files, for example ${path.replace(/\/$/, '')}/*.jsonl.gz`);
  }
  const traffic = await readTraffic(paths);
  for (const complaint of traffic.complaints.slice(0, MAX_COMPLAINTS)) printError(complaint);
  if (traffic.complaints.length > MAX_COMPLAINTS) printError(`… and ${traffic.complaints.length - MAX_COMPLAINTS} more lines of the ${side} could not be read`);
  if (traffic.spans.length === 0 && traffic.logs.length === 0) throw new CouldNotRun(`the files of the ${side} hold no spans and no log records`);
  return traffic;
}

const MAX_COMPLAINTS = 10;

interface Sides {
  readonly baseline: ReadTraffic;
  readonly incident: ReadTraffic;
}

function asJson({ suspects, operations, resources, onsetMs, compared }: Diagnosis, { baseline, incident }: Sides): Record<string, unknown> {
  const sizeOf = ({ spans, logs }: ReadTraffic): unknown => ({ spans: spans.length, logs: logs.length });
  return {
    suspects: suspects.map(rounded), operations: operations.map(rounded), resources: resources.map(rounded),
    since: onsetMs === undefined ? null : new Date(onsetMs).toISOString(),
    baseline: sizeOf(baseline), incident: sizeOf(incident), compared,
  };
}

function rounded<T extends { readonly score: number }>(named: T): T {
  return { ...named, score: Number(named.score.toFixed(2)) };
}

const SHOWN = 10;
/** What is printed as a score of 0.0 is for `--json`. */
const LEAST_SHOWN = 0.05;

function printDiagnosis(diagnosis: Diagnosis, { baseline, incident }: Sides): void {
  const { suspects, operations, resources, onsetMs } = diagnosis;
  printLine(`${count(incident.spans.length, 'span')} and ${count(incident.logs.length, 'log record')} of the incident compared with ${count(baseline.spans.length, 'span')} and ${count(baseline.logs.length, 'log record')} of the baseline.`);
  printVerdict(diagnosis);
  if (onsetMs !== undefined && suspects.length > 0) printLine(`What changed began about ${formatTime(onsetMs)}.`);
  const shown = suspects.slice(0, SHOWN).filter(({ score }) => score >= LEAST_SHOWN);
  shown.forEach(({ service, operation, score, strength, reason, resource }, index) => {
    const where = resource === undefined ? '' : `, ${resource.attribute}=${resource.value}`;
    printLine(`${index + 1}. ${service} ${operation} (score ${score.toFixed(1)}, ${strength}${where})`);
    printLine(`   ${reason}`);
  });
  if (shown.length < suspects.length) printLine(`${count(suspects.length - shown.length, shown.length === 0 ? 'service' : 'more service')} with less: --json has all.`);
  const told = new Set(shown.map(({ reason }) => reason));
  printRanking('Operations', operations.map((each) => ({ ...each, name: `${each.service} ${each.operation}`, reason: told.has(each.reason) ? undefined : each.reason })));
  printRanking('Resources', resources.map((each) => ({ ...each, name: `${each.attribute}=${each.value}, of ${each.services.join(', ')}` })));
}

function printVerdict({ suspects, compared: { requests, of } }: Diagnosis): void {
  if (of > 0 && requests === 0) printLine('No request of the incident is of a kind that the baseline has, so hardly anything could be compared: are both of the same system?');
  else if (requests < of) printLine(`${of - requests} of ${count(of, 'request')} to single services in the incident are of kinds that the baseline does not have: they are left out.`);
  if (suspects.length === 0) printLine(`Nothing speaks against any service${of > 0 && requests === 0 ? '.' : ': the two periods differ no more than chance allows.'}`);
  else if (suspects.every(({ strength }) => strength === 'weak')) printLine('No strong suspect: all of these may be chance.');
}

interface Ranked {
  readonly name: string;
  readonly score: number;
  readonly strength: string;
  /** Undefined where a suspect has it already. */
  readonly reason: string | undefined;
}

function printRanking(title: string, ranking: readonly Ranked[]): void {
  const shown = ranking.filter(({ score }) => score >= LEAST_SHOWN);
  if (shown.length === 0) return;
  printLine(`${title} by how much they explain:`);
  shown.forEach(({ name, score, strength, reason }, index) => {
    printLine(`${index + 1}. ${name} (score ${score.toFixed(1)}, ${strength})${reason === undefined ? ': as above' : ''}`);
    if (reason !== undefined) printLine(`   ${reason}`);
  });
}

function printPatterns(patterns: readonly PatternFinding[]): void {
  if (patterns.length === 0) return;
  printLine('Known patterns of trouble in the traces of the incident:');
  for (const pattern of patterns) {
    const { title, advice } = PATTERN_WORDS[pattern.kind];
    printLine(`- ${title}: ${pattern.words} (${sharesInWords(pattern)}${pattern.healthyOf === 0 || pattern.explains ? '' : ', so it explains little'})`);
    printLine(`  ${advice} For example trace ${pattern.traces[0]?.traceId ?? ''}.`);
  }
}
