import type { Field } from '../trace/traceql/ast.js';
import type { FieldExpression } from '../trace/traceql/query-ast.js';

/** What Tempo's search by tags calls otherwise. */
const TAG_INTRINSICS: Readonly<Record<string, Field>> = {
  name: { type: 'intrinsic', name: 'name' }, status: { type: 'intrinsic', name: 'status' }, 'status.code': { type: 'intrinsic', name: 'status' },
  'root.name': { type: 'intrinsic', name: 'rootName' }, 'root.service.name': { type: 'intrinsic', name: 'rootServiceName' },
};

/** A value without quotes may be text, a number or true and false. */
export function tagCondition(key: string, value: string, isPlain: boolean): FieldExpression {
  const field = Object.hasOwn(TAG_INTRINSICS, key) ? TAG_INTRINSICS[key]! : ({ type: 'attribute', scope: 'any', key } as const);
  const is = (right: FieldExpression): FieldExpression => ({ type: 'binary', operator: '=', left: { type: 'field', field }, right });
  if (field.type === 'intrinsic' && field.name === 'status') return is({ type: 'status', value: value === 'error' || value === 'ok' ? value : 'unset' });
  if (key === 'error' && value === 'true') return { type: 'binary', operator: '||', left: { type: 'binary', operator: '=', left: { type: 'field', field: { type: 'intrinsic', name: 'status' } }, right: { type: 'status', value: 'error' } }, right: is({ type: 'boolean', value: true }) };
  const asText = is({ type: 'string', value });
  if (!isPlain || field.type === 'intrinsic') return asText;
  if (value === 'true' || value === 'false') return { type: 'binary', operator: '||', left: asText, right: is({ type: 'boolean', value: value === 'true' }) };
  if (value !== '' && Number.isFinite(Number(value))) return { type: 'binary', operator: '||', left: asText, right: is({ type: 'float', value: Number(value) }) };
  return asText;
}
