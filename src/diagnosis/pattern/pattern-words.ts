import type { PatternFinding, PatternKind } from './pattern.js';

interface Words {
  readonly title: string;
  /** What to do next, for who has no runbook for it. */
  readonly advice: string;
}

export const PATTERN_WORDS: Readonly<Record<PatternKind, Words>> = {
  'synchronous-exporter': { title: 'Synchronous exporter', advice: 'Export in the background: BatchSpanProcessor instead of SimpleSpanProcessor, and no flush inside of requests.' },
  'broken-context': { title: 'Broken context', advice: 'Let everything between the two pass traceparent, tracestate and baggage, and set OTEL_PROPAGATORS=tracecontext,baggage on both sides.' },
  'cold-start': { title: 'Cold start or restart', advice: 'Look why the instance began anew (deployment, OOM kill, eviction), and let its readiness probe wait until it is warm.' },
  'retry-amplification': { title: 'Retry amplification', advice: 'Retry at one level only, with a retry budget of a tenth of all requests and growing, random pauses; stop while the other side is overloaded.' },
  'pool-wait': { title: 'Wait for a connection', advice: 'Find who holds connections for long (transactions, leaks) before you make the pool larger; the database has a limit too.' },
  'slow-statement': { title: 'Slow statement', advice: 'Look at its plan (EXPLAIN ANALYZE), locks, and what was changed: statistics, an index, the number of rows.' },
  'third-party': { title: 'Failing third party', advice: 'See its status page and quota; then cut it off (circuit breaker, flag, fallback) so that it takes nothing else with it.' },
  'n-plus-one': { title: 'N+1 calls', advice: 'Ask once for all of them: a join, an IN list, a batch endpoint, or a data loader.' },
  'fan-out': { title: 'Synchronous fan-out', advice: 'Ask for less, in batches, or from a prepared view; bound how many run at once, and answer without the slowest.' },
  'queue-lag': { title: 'Queue lag', advice: 'See whether consumers run and keep up; add some, or look at what made each message slower.' },
  'proxy-overhead': { title: 'Time between the two ends of a call', advice: 'Look at the sidecar or proxy (CPU limit, connection limits, TLS), at the network, and at the accept queue of the service.' },
  'clock-skew': { title: 'Clock skew', advice: 'Let NTP set the clocks of both hosts right: chronyc tracking; until then trust durations, not the order.' },
  'slow-dependency': { title: 'Slow dependency', advice: 'Look there, not here: open a trace, and ask who owns it what changed.' },
  'slow-self': { title: 'Slow service', advice: 'Look at its own work: CPU limit, garbage collection, locks, a code path that changed.' },
};

/** "41 of 57, 2 of 60 healthy". */
export function sharesInWords({ affected, of, healthyAffected, healthyOf }: Pick<PatternFinding, 'affected' | 'of' | 'healthyAffected' | 'healthyOf'>): string {
  return `${affected} of ${of}${healthyOf === 0 ? '' : `, ${healthyAffected} of ${healthyOf} healthy`}`;
}

/** The one pattern that sets the failures apart, in a line; undefined where none does. */
export function explainingPattern(patterns: readonly PatternFinding[] | undefined): PatternFinding | undefined {
  return patterns?.find(({ explains }) => explains);
}
