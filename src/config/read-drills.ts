import { CronTime } from 'cron';
import { DAY_MS, MINUTE_MS, SECOND_MS, parseDuration } from '../lib/duration.js';
import { errorAt } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { formatPath, type DocumentPath } from '../lib/yaml-document.js';
import type { DrillRule, DrillSchedule } from './drill.js';
import type { RuleDocument } from './rule-documents.js';

/** Oftener than this, messages would bother whoever reads them, and say nothing new. */
export const DRILL_EVERY_MIN_MS = 10 * MINUTE_MS;
export const DRILL_EVERY_MAX_MS = 30 * DAY_MS;
const DEFAULT_WITHIN_MS = 30 * SECOND_MS;
const WITHIN_MAX_MS = 60 * MINUTE_MS;
const DEFAULT_TARGET = 0.95;

/** Each receiver is drilled by one document: two would tell two truths about it. */
export function readDrills(documents: Iterable<RuleDocument<'Drill'>>, problems: Problem[]): DrillRule[] {
  const drilledBy = new Map<string, string>();
  return [...documents].map((document) => {
    const rule = new DrillReader(document, problems).read();
    for (const [index, receiver] of rule.receivers.entries()) {
      const first = drilledBy.get(receiver);
      const path = ['spec', 'receivers', index];
      if (first !== undefined) problems.push(errorAt(document.source.at(path), 'rules/invalid-value', { path: formatPath(path), message: `"${receiver}" is drilled by "${first}" already`, hint: 'name it in one of them' }));
      drilledBy.set(receiver, first ?? rule.name);
    }
    return rule;
  });
}

class DrillReader {
  readonly #document: RuleDocument<'Drill'>;
  readonly #problems: Problem[];

  constructor(document: RuleDocument<'Drill'>, problems: Problem[]) {
    this.#document = document;
    this.#problems = problems;
  }

  read(): DrillRule {
    const { content: { metadata: { name }, spec }, source } = this.#document;
    const { receivers, tell, target = DEFAULT_TARGET, severity = 'ticket', deliveredWithin } = spec;
    for (const [index, receiver] of receivers.entries()) {
      if (tell.every((told) => told === receiver)) this.#refuse(['spec', 'tell'], `nobody but "${receiver}" would hear that "${receiver}" is broken`, `name another receiver beside spec.receivers[${String(index)}]`);
    }
    return {
      name, receivers, tell, target, severity, schedule: this.#schedule(), at: source.at(['metadata', 'name']),
      withinMs: deliveredWithin === undefined ? DEFAULT_WITHIN_MS : this.#duration(deliveredWithin, ['spec', 'deliveredWithin'], [SECOND_MS, WITHIN_MAX_MS]),
    };
  }

  #schedule(): DrillSchedule {
    const { every, cron, timeZone } = this.#document.content.spec;
    if (cron === undefined) {
      if (every === undefined) this.#problems.push(errorAt(this.#document.source.at(['spec']), 'rules/missing-key', { path: 'spec', message: 'this drill is never due', hint: 'write every: 1d, or cron: \'0 10 * * 1-5\'' }));
      if (timeZone !== undefined) this.#refuse(['spec', 'timeZone'], 'only cron has a time zone', 'remove it');
      return { everyMs: every === undefined ? DAY_MS : this.#duration(every, ['spec', 'every'], [DRILL_EVERY_MIN_MS, DRILL_EVERY_MAX_MS]) };
    }
    if (every !== undefined) this.#refuse(['spec', 'cron'], 'the drill has both "every" and "cron"', 'keep one of them');
    const schedule = { cron, timeZone: timeZone ?? 'UTC' };
    const wrong = whyNotCron(schedule);
    if (wrong !== undefined) this.#refuse(['spec', wrong.key], wrong.message, wrong.hint);
    return wrong === undefined ? schedule : { everyMs: DAY_MS };
  }

  #duration(text: string, path: DocumentPath, [minMs, maxMs]: readonly [number, number]): number {
    const parsed = parseDuration(text);
    if (parsed.ok && parsed.value >= minMs && parsed.value <= maxMs) return parsed.value;
    this.#refuse(path, parsed.ok ? `"${text}" is not between ${String(minMs / SECOND_MS)} s and ${String(maxMs / SECOND_MS)} s` : parsed.error, 'write it like 30s, 10m or 1d');
    return minMs;
  }

  #refuse(path: DocumentPath, message: string, hint: string): void {
    this.#problems.push(errorAt(this.#document.source.at(path), 'rules/invalid-value', { path: formatPath(path), message, hint }));
  }
}

const CRON_FIELDS = 5;

function whyNotCron({ cron, timeZone }: { readonly cron: string; readonly timeZone: string }): { readonly key: string; readonly message: string; readonly hint: string } | undefined {
  const example = 'for example \'0 10 * * 1-5\': at ten on working days';
  // Seconds, the sixth field of some programs, would make of "*" a drill a second.
  if (cron.trim().split(/\s+/).length !== CRON_FIELDS) return { key: 'cron', message: `"${cron}" has not the five fields minute, hour, day of month, month, day of week`, hint: example };
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    return { key: 'timeZone', message: `"${timeZone}" is not a time zone`, hint: 'write a name like Europe/Berlin' };
  }
  try {
    const [first, second] = [nextCronMs({ cron, timeZone }, 0), nextCronMs({ cron, timeZone }, nextCronMs({ cron, timeZone }, 0))];
    return second - first >= DRILL_EVERY_MIN_MS ? undefined : { key: 'cron', message: `it is due every ${String((second - first) / SECOND_MS)} s`, hint: `drills are ${String(DRILL_EVERY_MIN_MS / MINUTE_MS)} minutes apart or more` };
  } catch (error) {
    return { key: 'cron', message: error instanceof Error ? error.message.replace(/\.$/, '') : String(error), hint: example };
  }
}

/** The first moment after `afterMs` that the expression names. */
function nextCronMs({ cron, timeZone }: { readonly cron: string; readonly timeZone: string }, afterMs: number): number {
  return new CronTime(cron, timeZone).getNextDateFrom(new Date(afterMs), timeZone).toMillis();
}

/** When a drill that ran, or was written down, at `sinceMs` is due next. */
export function nextDrillMs(schedule: DrillSchedule, sinceMs: number): number {
  return 'everyMs' in schedule ? sinceMs + schedule.everyMs : nextCronMs(schedule, sinceMs);
}
