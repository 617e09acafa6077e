import { err, ok, type Result } from '../lib/result.js';
import type { ReportWindow } from './quality-reader.js';

export const AUDIT_KINDS = ['month', 'quarter'] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

/** A month or a quarter of the calendar, UTC. */
export interface AuditPeriod {
  readonly kind: AuditKind;
  /** `2026-10`, `2026-Q3`. */
  readonly name: string;
  readonly window: ReportWindow;
}

const MONTHS: Readonly<Record<AuditKind, number>> = { month: 1, quarter: 3 };
const NAMES: Readonly<Record<AuditKind, RegExp>> = { month: /^(\d{4})-(\d{2})$/, quarter: /^(\d{4})-Q([1-4])$/ };
const EXAMPLES: Readonly<Record<AuditKind, string>> = { month: '2026-10', quarter: '2026-Q3' };

/** The last period that is over. */
export function periodBefore(kind: AuditKind, nowMs: number): AuditPeriod {
  const now = new Date(nowMs);
  return periodAt(kind, now.getUTCFullYear(), Math.floor(now.getUTCMonth() / MONTHS[kind]) - 1);
}

export function periodNamed(kind: AuditKind, name: string): Result<AuditPeriod, string> {
  const [, year, number] = NAMES[kind].exec(name) ?? [];
  const period = periodAt(kind, Number(year), Number(number) - 1);
  return name !== '' && period.name === name ? ok(period) : err(`"${name}" is not a ${kind}: write it like ${EXAMPLES[kind]}`);
}

/** @param index of the period in its year, from 0; below 0 it is one of the year before. */
function periodAt(kind: AuditKind, year: number, index: number): AuditPeriod {
  const months = MONTHS[kind];
  const [fromMs, toMs] = [Date.UTC(year, index * months), Date.UTC(year, (index + 1) * months)];
  if (Number.isNaN(fromMs)) return { kind, name: '', window: { fromMs: 0, toMs: 0 } };
  const from = new Date(fromMs);
  const number = Math.floor(from.getUTCMonth() / months) + 1;
  return { kind, name: `${from.getUTCFullYear()}-${kind === 'month' ? String(number).padStart(2, '0') : `Q${number}`}`, window: { fromMs, toMs } };
}
