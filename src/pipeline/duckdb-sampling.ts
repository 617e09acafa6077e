import type { SamplingCondition, SamplingPolicy, SamplingRules } from '../config/sampling.js';
import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import { decide, type Stratum, type TraceClass } from '../sampling/decide.js';
import { isSearch, searchOf } from '../sampling/policy-queries.js';
import type { Database, Row, Statement } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { compileSearch } from '../trace/traceql/search-sql.js';
import type { KeepLeaving } from './system-archiver.js';

const CLASSIFY = loadSql(import.meta.url, 'classify-leaving.sql');
const KEEP = loadSql(import.meta.url, 'keep-leaving.sql');
const LEARN = ['durations', 'shapes', 'operations'].map((name) => ({
  update: loadSql(import.meta.url, `learn-${name}-update.sql`), insert: loadSql(import.meta.url, `learn-${name}-insert.sql`),
}));
/** What was learned fades by half in so long. */
const HALF_LIFE_MS = DAY_MS / 2;
/** Of an operation so many traces must have been seen before one of them is unusual. */
const ENOUGH_TRACES = 100;
/** An operation whose traces have more shapes than this has no usual ones. */
const MOST_SHAPES = 500;
/** Of which nothing is left. */
const FADED = 0.05;

export interface SamplingPorts {
  readonly database: Database;
  readonly rules: () => SamplingRules;
  /** TraceQL of what SLOs count whose budget burns now. */
  readonly burning: () => readonly string[];
}

/** Decides by the rules which of the leaving traces are kept, and learns from all of them what is usual. */
export function keepBySampling(ports: SamplingPorts): KeepLeaving {
  return async ({ beforeMs, sinceMs }) => {
    const { database } = ports;
    const rules = ports.rules();
    const asked = rules.policies.flatMap(({ conditions }) => conditions.filter(looksAtSpans));
    const burning = [...new Set(ports.burning())].filter(isSearch);
    const matches = await matchStatements(database, [...asked, ...burning.map((text) => ({ kind: 'query' as const, text }))]);
    const params = { slow: rules.slow, fast: rules.fast, rare: rules.rare, enough: ENOUGH_TRACES, most_shapes: MOST_SHAPES, new_since_ms: beforeMs - rules.newForMs };
    const classify = CLASSIFY.replace('/* policies */ NULL', () => [...policyCases(rules.policies), 'NULL'].join(', ')).replace('/* burning */', () => burning.map((_, index) => asked.length + index).join(', '));
    await database.transaction([...matches, { sql: classify, params }]);
    const [progress] = await database.query({ sql: 'SELECT learned_ms, saved_spans FROM sampling_progress' });
    const { decisions, saved } = decide(await strataOf(database), { rules, seconds: secondsOf(sinceMs, beforeMs), saved: Number(progress?.['saved_spans'] ?? 0) });
    await database.transaction([{ sql: KEEP, params: { decisions: JSON.stringify(decisions) } }]);
    return learnStatements({ fade: 0.5 ** (Math.max(0, beforeMs - Number(progress?.['learned_ms'] ?? 0)) / HALF_LIFE_MS), beforeMs, saved });
  };
}

/** The first round knows no earlier one; after a long pause the budget is not that of the pause. */
function secondsOf(sinceMs: number, beforeMs: number): number {
  return (sinceMs === 0 ? HOUR_MS : Math.min(DAY_MS, beforeMs - sinceMs)) / 1_000;
}

async function strataOf(database: Database): Promise<readonly Stratum[]> {
  const rows = await database.query({ sql: `SELECT c.stratum, count(*) AS traces, sum(l.spans) AS spans, sum(l.bytes) AS bytes
    FROM leaving_classes c JOIN leaving_traces l ON l.trace_id_high = c.trace_id_high AND l.trace_id_low = c.trace_id_low GROUP BY ALL ORDER BY c.stratum` });
  return rows.map(stratumOf);
}

function stratumOf(row: Row): Stratum {
  const key = String(row['stratum']);
  const [service = '', operation = '', why = '', policies = '', burning = '', reason = '', probability = ''] = JSON.parse(key) as string[];
  return {
    key, service, operation, class: why as TraceClass, policies: policies === '' ? [] : policies.split(',').map(Number), isBurning: burning !== '',
    earlier: reason === '' ? undefined : { reason, probability: Number(probability) }, traces: Number(row['traces']), spans: Number(row['spans']), bytes: Number(row['bytes']),
  };
}

type SpanQuestion =
  | { readonly kind: 'query'; readonly text: string }
  | { readonly kind: 'trace-state'; readonly members: readonly string[] }
  | { readonly kind: 'sampled-flag' };

function looksAtSpans(condition: SamplingCondition): condition is SamplingCondition & SpanQuestion {
  return condition.kind === 'query' || condition.kind === 'trace-state' || condition.kind === 'sampled-flag';
}

/** Questions, numbered in order, run over the hot spans of the leaving traces, and queries over those around them too. */
async function matchStatements(database: Database, questions: readonly SpanQuestion[]): Promise<readonly Statement[]> {
  if (questions.length === 0) return [];
  const [range] = await database.query({ sql: 'SELECT coalesce(min(start_ns) // 1000000, 0) AS from_ms, coalesce(max(start_ns + duration_ns) // 1000000 + 1, 0) AS to_ms FROM leaving_traces' });
  return questions.map((question, number): Statement => {
    switch (question.kind) {
      case 'query': {
        const { ctes, result, params } = compileSearch(searchOf(question.text));
        const sql = `INSERT INTO leaving_matches WITH RECURSIVE ${ctes} SELECT DISTINCT f.th, f.tl, ${number} FROM ${result} f SEMI JOIN leaving_traces l ON l.trace_id_high = f.th AND l.trace_id_low = f.tl`;
        return { sql, params: { ...params.values, near_from_ms: Number(range?.['from_ms']), near_to_ms: Number(range?.['to_ms']) } };
      }
      case 'trace-state':
        return { sql: matchesWhere(number, `list_has_any(list_transform(string_split(s.trace_state, ','), lambda member: trim(member)), from_json($members, '["VARCHAR"]'))`), params: { members: JSON.stringify(question.members) } };
      case 'sampled-flag':
        return { sql: matchesWhere(number, 's.flags & 1 = 1') };
    }
  });
}

function matchesWhere(number: number, condition: string): string {
  return `INSERT INTO leaving_matches SELECT DISTINCT s.trace_id_high, s.trace_id_low, ${number} FROM spans s SEMI JOIN leaving_traces l ON l.trace_id_high = s.trace_id_high AND l.trace_id_low = s.trace_id_low WHERE ${condition}`;
}

/** For each policy its place, where all its conditions hold. */
function policyCases(policies: readonly SamplingPolicy[]): readonly string[] {
  let number = 0;
  const heldSql = (condition: SamplingCondition): string => {
    switch (condition.kind) {
      case 'latency':
        // As the Collector has it: the threshold itself is within where there is no upper one.
        return condition.maxMs === undefined ? `l.duration_ns >= ${condition.minMs * 1e6}` : `l.duration_ns > ${condition.minMs * 1e6} AND l.duration_ns <= ${condition.maxMs * 1e6}`;
      case 'span-count':
        return `l.spans >= ${condition.min}${condition.max === undefined ? '' : ` AND l.spans <= ${condition.max}`}`;
      case 'query':
      case 'trace-state':
      case 'sampled-flag':
        return `list_contains(coalesce(m.conditions, []), ${number++})`;
    }
  };
  const conditionSql = (condition: SamplingCondition): string => `${condition.negated ? 'NOT ' : ''}(${heldSql(condition)})`;
  return policies.map(({ conditions }, place) => `CASE WHEN ${['TRUE', ...conditions.map(conditionSql)].join(' AND ')} THEN ${place} END`);
}

function learnStatements({ fade, beforeMs, saved }: { readonly fade: number; readonly beforeMs: number; readonly saved: number }): readonly Statement[] {
  const params = { fade, before_ms: beforeMs, saved, faded: FADED };
  const statements = [
    ...LEARN.flatMap(({ update, insert }) => [update, insert]),
    ...['sampling_durations', 'sampling_shapes'].map((table) => `DELETE FROM ${table} WHERE traces < $faded`),
    'UPDATE sampling_progress SET learned_ms = $before_ms, saved_spans = $saved',
  ];
  return statements.map((sql) => ({ sql, params }));
}
