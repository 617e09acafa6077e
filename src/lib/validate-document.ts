import type { z } from 'zod';
import { closest } from './closest.js';
import { errorAt, type ProblemArea, type ProblemCode } from './problem-codes.js';
import type { Location, Problem } from './problem.js';
import { err, ok, type Result } from './result.js';
import { formatPath, valueAt, type DocumentPath } from './yaml-document.js';

/** What a schema's `superRefine` or `.refine` may put into `params` to choose the code and the hint. */
export interface IssueParams {
  readonly code?: ProblemCode;
  readonly hint?: string;
}

/** Plain data that knows where it was written: a `YamlDocument`, or the environment. */
export interface LocatedValue {
  readonly value: unknown;
  at(path: DocumentPath): Location;
  atKey(path: DocumentPath): Location;
}

export interface ValidationOptions {
  readonly area: ProblemArea;
  /** Why a key that the schema does not have, but the format does, is refused; undefined where the key is unknown to the format as well. */
  readonly notYet?: (path: DocumentPath, key: string) => string | undefined;
}

/** Checks a document against a zod schema; every issue becomes a problem with the line and column of what caused it. */
export function validateDocument<T>(schema: z.ZodType<T>, document: LocatedValue, options: ValidationOptions): Result<T, Problem[]> {
  const context: Context = { schema, document, options };
  const first = schema.safeParse(document.value);
  if (first.success) return ok(first.data);
  const problems = withoutMisspelt(first.error.issues.flatMap((issue) => problemsOf(issue, context)));
  if (problems.length > 0) return err(problems);
  // Nothing but empty lists and nulls of things not supported: there is nothing to refuse, so read on without them.
  const second = schema.safeParse(withoutUnknownKeys(document.value, first.error.issues));
  if (second.success) return ok(second.data);
  return err(second.error.issues.flatMap((issue) => problemsOf(issue, context)));
}

/** A misspelt key is one mistake, not an unknown key and a missing one. */
function withoutMisspelt(problems: readonly Problem[]): Problem[] {
  const meant = new Set(problems.flatMap(({ code, path, hint }) => {
    const near = code.endsWith('/unknown-key') ? /^did you mean "(.+)"\?$/.exec(hint)?.[1] : undefined;
    return near === undefined ? [] : [path.replace(/[^.\]]*$/, near)];
  }));
  return problems.filter(({ code, path }) => !(code.endsWith('/missing-key') && meant.has(path)));
}

interface Context {
  readonly schema: z.ZodType;
  readonly document: LocatedValue;
  readonly options: ValidationOptions;
}

type Issue = z.core.$ZodIssue;

function problemsOf(told: Issue, context: Context): Problem[] {
  const issue = withWordsOf(told);
  const { document, options: { area } } = context;
  const path = formatPath(issue.path);
  if (issue.code === 'unrecognized_keys') return issue.keys.flatMap((key) => unknownKey(issue.path, key, context));
  if (issue.code === 'custom') {
    const { code = `${area}/invalid-value` as const, hint } = (issue.params ?? {}) as IssueParams;
    return [errorAt(document.at(issue.path), code, { path, message: issue.message, hint })];
  }
  const value = valueAt(document.value, issue.path);
  if (value === undefined) {
    return [errorAt(document.atKey(issue.path), `${area}/missing-key`, { path, message: `"${String(issue.path.at(-1) ?? '')}" is missing`, hint: `add it: ${expectation(issue)}` })];
  }
  const branch = issue.code === 'invalid_union' ? nearestBranch(issue, value) : undefined;
  if (branch !== undefined) return branch.flatMap((inner) => problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, context));
  if (issue.code === 'invalid_type' || issue.code === 'invalid_union') {
    return [errorAt(document.at(issue.path), `${area}/wrong-type`, { path, message: `${describe(value)} is not ${expectation(issue)}`, hint: typeHint(issue, value) })];
  }
  if (issue.code === 'invalid_value') {
    const near = typeof value === 'string' ? closest(value, issue.values.map(String)) : undefined;
    return [errorAt(document.at(issue.path), `${area}/invalid-value`, { path, message: `${describe(value)} is not ${expectation(issue)}`, hint: near === undefined ? '' : `did you mean "${near}"?` })];
  }
  return [errorAt(document.at(issue.path), `${area}/invalid-value`, { path, message: limitMessage(issue, value), hint: '' })];
}

/** A word that chooses among mappings and is none of theirs is a word like any other that is not in its list. */
function withWordsOf(issue: Issue): Issue {
  if (issue.code !== 'invalid_union' || !('options' in issue) || issue.options === undefined) return issue;
  return { code: 'invalid_value', values: issue.options.filter((word) => typeof word === 'string'), path: issue.path, message: issue.message };
}

/** Of several allowed mappings, the one that the operator most likely meant: the one with the least to complain about. */
function nearestBranch(issue: Extract<Issue, { code: 'invalid_union' }>, value: unknown): readonly Issue[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const mappings = issue.errors.filter((branch) => !branch.some((inner) => inner.path.length === 0 && inner.code !== 'unrecognized_keys' && inner.code !== 'custom'));
  return [...mappings].sort((left, right) => complaints(left) - complaints(right))[0];
}

function complaints(branch: readonly Issue[]): number {
  // A key that does not belong, or is missing, at the top speaks against the branch; trouble further inside speaks for it.
  return branch.reduce((sum, inner) => sum + (inner.code === 'unrecognized_keys' ? 10 * inner.keys.length : inner.path.length <= 1 ? 10 : 1), 0);
}

function unknownKey(path: DocumentPath, key: string, { schema, document, options }: Context): Problem[] {
  const full = [...path, key];
  const value = valueAt(document.value, full);
  const reason = options.notYet?.(path, key);
  const at = document.atKey(full);
  if (reason !== undefined) {
    if (isEmpty(value)) return [];
    return [errorAt(at, `${options.area}/not-supported-yet` as ProblemCode, { path: formatPath(full), message: `"${key}" is not supported yet: ${reason}`, hint: 'remove it' })];
  }
  const known = keysAt(schema, path);
  const near = closest(key, known);
  const hint = near !== undefined ? `did you mean "${near}"?` : known.length === 0 ? '' : `the keys here are ${known.join(', ')}`;
  return [errorAt(at, `${options.area}/unknown-key`, { path: formatPath(full), message: `there is no key "${key}" here`, hint })];
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}

function withoutUnknownKeys(original: unknown, issues: readonly Issue[]): unknown {
  const value = structuredClone(original);
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const parent = valueAt(value, issue.path) as Record<string, unknown>;
    for (const key of issue.keys) Reflect.deleteProperty(parent, key);
  }
  return value;
}

/** What would be right, as the end of the sentence "… is not …". */
function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return article(TYPE_NAMES[issue.expected] ?? issue.expected);
    case 'invalid_value':
      return issue.values.length === 1 ? JSON.stringify(issue.values[0]) : `one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_union': {
      const expected = issue.errors.flat().map((inner) => expectation(inner));
      return expected.length === 0 ? 'what is expected here' : [...new Set(expected)].join(' or ');
    }
    default:
      return issue.message;
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'mapping of keys', record: 'mapping of keys', array: 'list', string: 'text', number: 'number', boolean: 'true or false', int: 'whole number',
};

function article(name: string): string {
  return name === 'text' || name.startsWith('true') ? name : `a ${name}`;
}

function typeHint(issue: Issue, value: unknown): string {
  if (issue.code !== 'invalid_type') return '';
  if (issue.expected === 'string' && typeof value === 'number') return `put quotes around it, "${String(value)}"; a length of time or a share needs its unit, like 5m or 2%`;
  if (issue.expected === 'string' && typeof value === 'boolean') return `put quotes around it: "${String(value)}"`;
  if (issue.expected === 'array') return 'begin the item with "- "';
  return '';
}

function limitMessage(issue: Issue, value: unknown): string {
  if (issue.code === 'too_big') {
    return issue.origin === 'string' ? `this text is longer than ${String(issue.maximum)} characters`
      : issue.origin === 'array' ? `at most ${String(issue.maximum)} ${Number(issue.maximum) === 1 ? 'entry is' : 'entries are'} allowed here`
        : `${describe(value)} is too large: ${issue.inclusive === false ? 'it must be below' : 'at most'} ${String(issue.maximum)}`;
  }
  if (issue.code === 'too_small') {
    return issue.origin === 'string' ? 'this must not be empty'
      : issue.origin === 'array' ? `at least ${String(issue.minimum)} ${Number(issue.minimum) === 1 ? 'entry is' : 'entries are'} needed here`
        : `${describe(value)} is too small: ${issue.inclusive === false ? 'it must be above' : 'at least'} ${String(issue.minimum)}`;
  }
  return issue.code === 'invalid_format' ? `${describe(value)} ${issue.message}` : issue.message;
}

const MAX_SHOWN = 60;

function describe(value: unknown): string {
  if (value === null) return 'an empty value';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping of keys';
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** The keys that the schema knows at `path`, for "did you mean". Reads zod's public `def` tree. */
function keysAt(schema: z.ZodType, path: DocumentPath): string[] {
  let candidates: z.core.$ZodType[] = unwrap(schema);
  for (const step of path) candidates = candidates.flatMap((candidate) => childrenOf(candidate, step)).flatMap(unwrap);
  return [...new Set(candidates.flatMap((candidate) => Object.keys(shapeOf(candidate))))];
}

interface SchemaDef {
  readonly type: string;
  readonly shape?: Record<string, z.core.$ZodType>;
  readonly innerType?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly getter?: () => z.core.$ZodType;
}

function defOf(schema: z.core.$ZodType): SchemaDef {
  return schema._zod.def;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType[] {
  const def = defOf(schema);
  if (def.type === 'union') return (def.options ?? []).flatMap(unwrap);
  const inner = def.innerType ?? def.in ?? def.getter?.();
  return inner === undefined ? [schema] : unwrap(inner);
}

function shapeOf(schema: z.core.$ZodType): Record<string, z.core.$ZodType> {
  return defOf(schema).shape ?? {};
}

function childrenOf(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType[] {
  const def = defOf(schema);
  const child = def.type === 'array' ? def.element : def.type === 'record' ? def.valueType : shapeOf(schema)[String(step)];
  return child === undefined ? [] : [child];
}
