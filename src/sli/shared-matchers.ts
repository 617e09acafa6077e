import type { SpanBatch } from '../trace/span-batch.js';
import { comparisonsOf } from '../trace/traceql/ast.js';
import type { ShareMatcher, SpanMatcher } from '../trace/traceql/matcher.js';
import { printExpression } from '../trace/traceql/print.js';
import type { CompiledSlo } from './compile-slo.js';

/** Comparisons of attributes and patterns that several SLOs have in common are asked once per span. */
export function sharedMatchers(slos: readonly CompiledSlo[]): ShareMatcher {
  const uses = new Map<string, number>();
  for (const slo of slos) {
    for (const comparison of [...comparisonsOf(slo.total.filter), ...comparisonsOf(slo.part.query.filter)]) {
      const key = printExpression(comparison);
      uses.set(key, (uses.get(key) ?? 0) + 1);
    }
  }
  const shared = new Map<string, SpanMatcher>();
  return (comparison, compile) => {
    const key = printExpression(comparison);
    const isCheap = comparison.field.type === 'intrinsic' && comparison.literal.type !== 'string';
    if (isCheap || (uses.get(key) ?? 0) < 2) return compile();
    const known = shared.get(key) ?? rememberRow(compile());
    shared.set(key, known);
    return known;
  };
}

/** Rows are asked in order, so remembering the last one is enough. */
function rememberRow(matches: SpanMatcher): SpanMatcher {
  let lastBatch: SpanBatch | undefined;
  let lastRow = -1;
  let lastVerdict = false;
  return (batch, row) => {
    if (row === lastRow && batch === lastBatch) return lastVerdict;
    lastVerdict = matches(batch, row);
    lastRow = row;
    lastBatch = batch;
    return lastVerdict;
  };
}
