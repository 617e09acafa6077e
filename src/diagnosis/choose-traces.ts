import type { TraceRole } from './evidence.js';
import { groupBy } from '../lib/group-by.js';
import { showsTheSame, type FailureKind } from './failure-kinds.js';
import { compareSpans } from './finding.js';
import { medoid, type Shape } from './medoid.js';
import { medianOf } from './pattern/usual.js';
import { usualLimit } from './usual-limit.js';

/** What began this much earlier shows how it began; nearer than this nobody cares which came first. */
export const SAME_TIME_MS = 1_000;
/** What takes this many times as long shows something of its own. */
const MUCH_LONGER = 1.5;
/** Beyond so many deviations from the median a duration stands out. */
const OUTLIER_DEVIATIONS = 3;

/** A bad event to be shown, and for what. */
export interface Choice {
  readonly shape: Shape;
  readonly kind: FailureKind;
  readonly role: TraceRole;
  /** Further roles that it fills as well. */
  readonly also: readonly TraceRole[];
}

/**
 * The most common failure, the first, the slowest and the newest kind; each only where it shows something that those before it do not. `kinds` are all bad events,
 * the most common first. Earliest and slowest are facts; the most common one is chosen from the rest where there is one.
 */
export function chooseTraces(kinds: readonly FailureKind[]): readonly Choice[] {
  const [common] = kinds;
  const all = kinds.flatMap(({ members }) => members).sort(inTime);
  const [first] = all;
  if (common === undefined || first === undefined) return [];
  const slowest = outlier(all);
  const rest = common.members.filter((shape) => !isOneOf(shape, [first, slowest]));
  const chosen = new Choices(kinds);
  chosen.add('most-common', medoid(rest.length === 0 ? common.members : rest));
  chosen.add('first', first);
  chosen.add('slowest', slowest);
  chosen.addNewest();
  return chosen.all();
}

class Choices {
  readonly #kinds: readonly FailureKind[];
  readonly #choices: Choice[] = [];

  constructor(kinds: readonly FailureKind[]) {
    this.#kinds = kinds;
  }

  all(): readonly Choice[] {
    return this.#choices;
  }

  /** Left out where it shows nothing new; where it is shown already, that one fills this role as well. */
  add(role: TraceRole, shape: Shape | undefined): void {
    if (shape === undefined) return;
    const shown = this.#choices.find((choice) => choice.shape === shape);
    if (shown !== undefined) this.#alsoFills(shown, role);
    else if (this.#isNew(shape, role)) this.#choices.push({ shape, role, kind: this.#kindOf(shape), also: [] });
  }

  /** Where it is shown already, that one is the newest kind as well. */
  addNewest(): void {
    const newest = newestOf(this.#kinds);
    const shown = this.#choices.find(({ kind }) => kind === newest);
    if (shown !== undefined) this.#alsoFills(shown, 'newest');
    else this.add('newest', newest && medoid(newest.members.filter((shape) => this.#isNew(shape, 'newest'))));
  }

  #alsoFills(shown: Choice, role: TraceRole): void {
    this.#choices[this.#choices.indexOf(shown)] = { ...shown, also: [...shown.also, role] };
  }

  #isNew(shape: Shape, role: TraceRole): boolean {
    const kind = this.#kindOf(shape);
    const alike = this.#choices.filter((choice) => choice.kind === kind || showsTheSame(shape, choice.shape));
    return !isOneOf(shape, this.#choices.map((choice) => choice.shape)) && alike.every((choice) => differs(shape, choice.shape, role));
  }

  #kindOf(shape: Shape): FailureKind {
    return this.#kinds.find(({ members }) => members.includes(shape))!;
  }
}

/** Of the error, or slow place, that appeared last the commonest kind; where there is but one, the kind that appeared last. Undefined where all is of one kind. */
function newestOf(kinds: readonly FailureKind[]): FailureKind | undefined {
  if (kinds.length < 2) return undefined;
  const byKey = [...groupBy(kinds, ({ members }) => members[0]!.finding.key).values()];
  const began = byKey.length === 1 ? kinds.map((kind) => ({ kind, first: kind.members[0]! })) : byKey.map((own) => ({ kind: own[0]!, first: own.map(({ members }) => members[0]!).sort(inTime)[0]! }));
  return began.reduce((best, each) => (inTime(each.first, best.first) > 0 ? each : best)).kind;
}

/** What makes one of the same kind worth showing beside the other. */
function differs(shape: Shape, other: Shape, role: TraceRole): boolean {
  const [own, its] = [shape.finding.event, other.finding.event];
  if (role === 'first') return Number(its.startNs - own.startNs) / 1e6 >= SAME_TIME_MS;
  return role === 'slowest' && own.durationNs >= MUCH_LONGER * its.durationNs;
}

/** No trace is shown twice, though two of its events may be bad. */
function isOneOf({ finding }: Shape, others: readonly (Shape | undefined)[]): boolean {
  return others.some((other) => other?.finding.event.traceId === finding.event.traceId);
}

/** The longest one, where it stands out among all. */
function outlier(all: readonly Shape[]): Shape | undefined {
  const durations = all.map(({ finding }) => finding.event.durationNs);
  const longest = all.reduce((best, each) => (each.finding.event.durationNs > best.finding.event.durationNs ? each : best));
  const { durationNs } = longest.finding.event;
  return durationNs >= MUCH_LONGER * medianOf(durations) && durationNs > usualLimit(durations, OUTLIER_DEVIATIONS) ? longest : undefined;
}

function inTime({ finding: { event: left } }: Shape, { finding: { event: right } }: Shape): number {
  return compareSpans(left, right);
}
