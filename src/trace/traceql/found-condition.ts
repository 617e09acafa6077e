import type { FieldExpression, ScalarExpression, SpansetExpression, Stage } from './query-ast.js';
import { canBeOne, fieldsOf } from './search-sql.js';
import { looksElsewhere } from './span-fields-sql.js';

/**
 * A condition on a span's own row that every span of the result meets, so that its trace can be looked for without looking at others;
 * undefined where every span may be one.
 */
export function foundCondition(search: SpansetExpression): FieldExpression | undefined {
  switch (search.type) {
    case 'filter':
      return ofOwnRow(search.condition);
    case 'operation':
      return ofOperation(search);
    case 'pipeline':
      return search.stages.reduce<FieldExpression | undefined>((condition, stage) => oneAfterTheOther(condition, ofStage(stage)), undefined);
    case 'scalarComparison':
      return [...pipelinesOf(search.left), ...pipelinesOf(search.right)].map(foundCondition).reduce(either);
  }
}

/** A relation finds spans of its right side, and with `&` those of the left one that they relate to. */
function ofOperation({ operator, left, right }: SpansetExpression & { readonly type: 'operation' }): FieldExpression | undefined {
  const findsBoth = operator === '||' || operator.startsWith('&');
  return findsBoth ? either(foundCondition(left), foundCondition(right)) : foundCondition(right);
}

/** Each stage leaves some of the spans that the one before it left. */
function ofStage(stage: Stage): FieldExpression | undefined {
  switch (stage.type) {
    case 'group':
    case 'coalesce':
    case 'select':
    case 'scalarFilter':
      return undefined;
    case 'filter':
    case 'operation':
    case 'pipeline':
    case 'scalarComparison':
      return foundCondition(stage);
  }
}

function oneAfterTheOther(first: FieldExpression | undefined, second: FieldExpression | undefined): FieldExpression | undefined {
  return first !== undefined && second !== undefined && !canBeOne(first, second) ? first : both(first, second);
}

function pipelinesOf(scalar: ScalarExpression): readonly SpansetExpression[] {
  if (scalar.type === 'scalarPipeline') return [scalar.search];
  return scalar.type === 'scalarOperation' ? [...pipelinesOf(scalar.left), ...pipelinesOf(scalar.right)] : [];
}

/** What is left of a condition where nothing is known of other spans: each comparison stands for itself, so that those of a conjunction can be left out. */
function ofOwnRow(condition: FieldExpression): FieldExpression | undefined {
  if (condition.type === 'boolean' && condition.value) return undefined;
  if (condition.type === 'binary' && condition.operator === '&&') return both(ofOwnRow(condition.left), ofOwnRow(condition.right));
  if (condition.type === 'binary' && condition.operator === '||') return either(ofOwnRow(condition.left), ofOwnRow(condition.right));
  return fieldsOf(condition).some(looksElsewhere) ? undefined : condition;
}

function both(left: FieldExpression | undefined, right: FieldExpression | undefined): FieldExpression | undefined {
  return left === undefined || right === undefined ? left ?? right : { type: 'binary', operator: '&&', left, right };
}

function either(left: FieldExpression | undefined, right: FieldExpression | undefined): FieldExpression | undefined {
  return left === undefined || right === undefined ? undefined : { type: 'binary', operator: '||', left, right };
}
