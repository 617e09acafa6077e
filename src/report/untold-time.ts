import type { ReportWindow } from './quality-reader.js';
import { utcMinute } from './words.js';

/** Why a report tells less of a time than was asked for; undefined where it tells all of it. */
export function untoldWords(asked: ReportWindow, told: ReportWindow): string | undefined {
  if (told.fromMs > asked.fromMs) return `Of the time from ${utcMinute(asked.fromMs)} to ${utcMinute(asked.toMs)} only this is told: none of its hours is counted yet, and it has more spans than are read for a page. Hours are counted ten minutes after their end, those of more than two days ago not any more; files are told whole by tocsin report quality --from FILE…`;
  if (told.toMs < asked.toMs) return `The time from ${utcMinute(told.toMs)} to ${utcMinute(asked.toMs)} is left out: it has more spans than are read for a page. Hours are counted ten minutes after their end.`;
  return undefined;
}
