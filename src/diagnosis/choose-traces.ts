import { compareSpans } from '../trace/compare-spans.js';
import type { TraceRole } from './evidence.js';
import { groupBy } from '../lib/group-by.js';
import { showsTheSame, type FailureKind } from './failure-kinds.js';
import { medoid, type Shape } from './medoid.js';
import { medianOf } from './pattern/usual.js';
import { usualLimit } from './usual-limit.js';

/** What takes this many times the median stands out. */
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
  /** Others that show the same and are the first, or the slowest, of all: named beside it, not shown beside it. */
  readonly alike: readonly AlikeShape[];
}

export interface AlikeShape {
  readonly shape: Shape;
  readonly roles: readonly TraceRole[];
}

/**
 * The most common failure, the first, the slowest and the newest kind; each only where it is of another kind than those before it. `kinds` are all bad events,
 * the most common first. Earliest and slowest are facts: a trace in which one of them is of another kind is left to that.
 */
export function chooseTraces(kinds: readonly FailureKind[]): readonly Choice[] {
  const [common] = kinds;
  const all = kinds.flatMap(({ members }) => members).sort(inTime);
  const [first] = all;
  if (common === undefined || first === undefined) return [];
  const slowest = outlier(all);
  const ofOtherKinds = [first, slowest].filter((shape) => shape !== undefined && !common.members.includes(shape));
  const rest = common.members.filter((shape) => !isOneOf(shape, ofOtherKinds));
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

  /** What is shown already is named there; what is in a trace that is shown for something else is left out. */
  add(role: TraceRole, shape: Shape | undefined): void {
    if (shape === undefined) return;
    const shown = this.#showing(shape);
    if (shown !== undefined) this.#name(shown, role, shape);
    else if (!isOneOf(shape, this.#choices.map((choice) => choice.shape))) this.#choices.push({ shape, role, kind: this.#kindOf(shape), also: [], alike: [] });
  }

  /** Where it is shown already, that one is the newest kind as well. */
  addNewest(): void {
    const newest = newestOf(this.#kinds);
    const shown = this.#choices.find(({ kind }) => kind === newest);
    if (shown !== undefined) this.#change(shown, { also: [...shown.also, 'newest'] });
    else this.add('newest', newest && medoid(newest.members.filter((shape) => this.#showing(shape) === undefined && !isOneOf(shape, this.#choices.map((choice) => choice.shape)))));
  }

  #name(shown: Choice, role: TraceRole, shape: Shape): void {
    if (isOneOf(shape, [shown.shape])) this.#change(shown, { also: [...shown.also, role] });
    else {
      const roles = shown.alike.find((each) => isOneOf(shape, [each.shape]))?.roles ?? [];
      this.#change(shown, { alike: [...shown.alike.filter((each) => !isOneOf(shape, [each.shape])), { shape, roles: [...roles, role] }] });
    }
  }

  #change(shown: Choice, change: Partial<Choice>): void {
    this.#choices[this.#choices.indexOf(shown)] = { ...shown, ...change };
  }

  /** The one that shows the same. */
  #showing(shape: Shape): Choice | undefined {
    const kind = this.#kindOf(shape);
    return this.#choices.find((choice) => choice.kind === kind) ?? this.#choices.find((choice) => showsTheSame(shape, choice.shape));
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
