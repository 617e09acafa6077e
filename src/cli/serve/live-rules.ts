import type { Logger } from 'pino';
import { minuteOf } from '../../budget/minute-series.js';
import { errorBudgetRemaining } from '../../budget/excluded-budget.js';
import { countedFor, seriesLimits, type SliceIndex, type SliceRule } from '../../budget/slice-index.js';
import { RULE_FILE } from '../../config/fs-rules.js';
import { watchRules, type RulesWatcher, type WatchedDirectory } from '../../config/fs-rules-watcher.js';
import type { Settings } from '../../config/settings.js';
import type { Clock } from '../../lib/clock.js';
import { formatProblem, type Problem } from '../../lib/problem.js';
import { notifiersOf, type NotifierLookup } from '../../notify/system-notifiers.js';
import type { Engine } from '../../pipeline/engine.js';
import { loadRuleBook, type RuleBook } from '../../pipeline/fs-rule-book.js';
import type { PrometheusMetrics } from '../../pipeline/prometheus-metrics.js';
import type { ArrivedSlice } from '../../pipeline/replay.js';
import type { Store } from '../../pipeline/store.js';
import { RUNBOOK_FILE } from '../../runbook/runbook.js';
import { logExclusions } from '../../store/duckdb-exclusion-log.js';
import { keepSloRevisions } from '../../store/duckdb-slo-revisions.js';
import { sloMinutes } from '../../store/slo-slice-columns.js';

export interface LiveRulesPorts {
  readonly settings: Settings;
  readonly store: Store;
  readonly slices: SliceIndex;
  readonly engine: Engine;
  readonly metrics: PrometheusMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The rules in force, and how changed files take their place: as a whole or not at all. */
export class LiveRules {
  readonly #ports: LiveRulesPorts;
  #book: RuleBook;
  #notifiers: NotifierLookup;
  #problems: readonly Problem[] = [];
  #watcher: RulesWatcher | undefined;

  constructor(ports: LiveRulesPorts, book: RuleBook) {
    this.#ports = ports;
    this.#book = book;
    this.#notifiers = this.#notifiersFor(book);
    ports.engine.useRules(book.slos);
  }

  get book(): RuleBook {
    return this.#book;
  }

  /** What is wrong with the files as they are now; the rules in force are then older ones. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  readonly notifierFor: NotifierLookup = (receiver, integration) => this.#notifiers(receiver, integration);

  /** `known`: the contents of the rule directories when the book was read. */
  async watch(known: string): Promise<void> {
    await this.#keepDefinitions(this.#book);
    this.#watcher = watchRules({
      directories: ruleDirectories(this.#ports.settings), known,
      onChange: () => this.#reload(),
      onError: (error) => this.#ports.log.error({ err: error }, 'rules could not be reloaded; the last good ones stay in force'),
    });
    await this.#watcher.ready;
  }

  async close(): Promise<void> {
    await this.#watcher?.close();
  }

  async #reload(): Promise<void> {
    const { settings, metrics, log } = this.#ports;
    const loaded = await loadRuleBook(settings);
    if (loaded.book === undefined) {
      this.#problems = loaded.problems;
      metrics.rulesReloads.inc({ outcome: 'refused' });
      log.error({ problems: loaded.problems.map(formatProblem) }, 'changed rules are refused; the last good ones stay in force');
      return;
    }
    await this.#use(loaded.book);
    metrics.rulesReloads.inc({ outcome: 'taken' });
    // Last: who reads that nothing is wrong any more may count on the rules being in force.
    this.#problems = loaded.problems;
    log.info({ slos: loaded.book.slos.length, runbooks: loaded.book.runbooks.length }, 'changed rules are in force');
  }

  /** Counting begins before judging, and what is stored of a key that is new in memory is read first. */
  async #use(book: RuleBook): Promise<void> {
    const { store, slices, engine, clock } = this.#ports;
    const known = new Set(this.#book.slos.map(({ sliceKey }) => sliceKey));
    const counted = book.slos.flatMap(countedFor);
    const added = new Set(counted.map(({ sliceKey }) => sliceKey).filter((sliceKey) => !known.has(sliceKey)));
    const deepened = slices.deepened(book.slos, known);
    if (added.size > 0 || deepened.length > 0) {
      // Read before the store counts for the new keys: what it commits from then on comes as news, and nothing comes twice.
      const columns = await store.loadSloSlices(minuteOf(clock.nowMs()) - longestWindowMinutes(book));
      const rows = [...sloMinutes(columns)];
      slices.begin(counted.filter(({ sliceKey }) => added.has(sliceKey)), rows);
      for (const { sliceKey, slo } of deepened) slices.restore(sliceKey, slo, rows.filter((row) => row.sliceKey === sliceKey));
    }
    slices.add(await this.#takeRules(book));
    await this.#keepDefinitions(book);
    engine.useRules(book.slos);
    this.#book = book;
    this.#notifiers = this.#notifiersFor(book);
  }

  /** The rules count from now on, also where the past of new SLOs could not be counted. */
  async #takeRules({ slos, redaction }: RuleBook): Promise<readonly ArrivedSlice[]> {
    const { store, log } = this.#ports;
    try {
      return await store.useRules({ slos, redaction });
    } catch (error) {
      log.warn({ err: error }, 'new SLOs could not be counted from stored spans; they count from now on');
      return [];
    }
  }

  /** A disk that is full must not keep rules from coming into force, nor the service from starting: the next start tries again. */
  async #keepDefinitions(book: RuleBook): Promise<void> {
    const { store, slices, clock, log } = this.#ports;
    try {
      const nowMs = clock.nowMs();
      await keepSloRevisions(store, book.slos, nowMs);
      // At the start nobody knows by which rules the budget was judged before.
      const [before, after] = [book === this.#book ? [] : this.#book.slos, book.slos].map((rules) => new Map(rules.map((rule) => [rule.slo.name, rule])));
      const budgetOf = (rule: SliceRule | undefined): number | undefined => (rule === undefined ? undefined : errorBudgetRemaining(rule, slices, nowMs));
      await logExclusions(store, book.slos.map(({ slo }) => slo), { nowMs, budgetsOf: (slo) => ({ before: budgetOf(before?.get(slo)), after: budgetOf(after?.get(slo)) }) });
    } catch (error) {
      log.warn({ err: error }, 'the definitions of the SLOs could not be written down; they are in force all the same');
    }
  }

  #notifiersFor(book: RuleBook): NotifierLookup {
    return notifiersOf({ slack: this.#ports.settings.slack, routing: book.routing, receivers: book.receivers });
  }
}

export function ruleDirectories({ rulesDir, runbooksDir }: Pick<Settings, 'rulesDir' | 'runbooksDir'>): WatchedDirectory[] {
  return [{ path: rulesDir, pattern: RULE_FILE }, { path: runbooksDir, pattern: RUNBOOK_FILE }];
}

export function longestWindowMinutes(book: RuleBook): number {
  return Math.max(60, ...book.slos.map(({ slo }) => seriesLimits(slo).windowMinutes));
}
