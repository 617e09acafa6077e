import type { RedactionMode } from '../config/redaction.js';
import { assert } from '../lib/assert.js';
import { formatProblem } from '../lib/problem.js';
import type { Attribute } from '../trace/attribute.js';
import type { LogBatch } from '../trace/log-record.js';
import type { Resource, SpanBatch } from '../trace/span-batch.js';
import { redactAttributes, redactColumn, redactEvents, redactLinks, redactList, redactScopes, type RowProfiles } from './redact-columns.js';
import { compileRedaction, type CompiledRedaction, type RedactionRules } from './redact-compile.js';
import { RedactionProfile, type Hits } from './redact-profile.js';
import { SharedOwners } from './shared-owners.js';

/** How many values one rule concealed or dropped. */
export interface RedactionHit {
  readonly policy: string;
  readonly rule: string;
  readonly mode: RedactionMode;
  readonly count: number;
}

export interface Redacted<Batch> {
  /** The batch itself where nothing was found; else a new one that shares every column that did not change. */
  readonly batch: Batch;
  /** Rules that found something in this batch; mostly none. */
  readonly hits: readonly RedactionHit[];
}

/** Redacts batches of one thread, one after another, and remembers what repeats. Never throws. */
export interface Redactor {
  spans(batch: SpanBatch): Redacted<SpanBatch>;
  logs(batch: LogBatch): Redacted<LogBatch>;
}

/** What is done to the spans and log records of a resource, and to itself. */
interface ResourcePlan {
  readonly profile: RedactionProfile | undefined;
  readonly resource: Resource;
  /** Of the resource's own attributes, once a batch. */
  readonly hits: Hits;
}

const NO_HITS: readonly RedactionHit[] = [];

/** For rules that were checked: what is wrong with them is told where they are read, before anything uses them. */
export function redactorFor({ policies, hashKey }: RedactionRules): Redactor {
  const { redaction, problems } = compileRedaction(policies, hashKey);
  assert(problems.length === 0, `rules with problems were put in force: ${problems.map(formatProblem).join('; ')}`);
  return createRedactor(redaction);
}

/** The rules in force, each without a find. */
export function rulesInForce({ policies }: RedactionRules): RedactionHit[] {
  return policies.filter(({ enabled }) => enabled).flatMap((policy) => policy.rules.map(({ name, mode }) => ({ policy: policy.name, rule: name, mode, count: 0 })));
}

export function createRedactor(redaction: CompiledRedaction): Redactor {
  if (redaction.policies.length === 0) return { spans: (batch) => ({ batch, hits: NO_HITS }), logs: (batch) => ({ batch, hits: NO_HITS }) };
  return new BatchRedactor(redaction);
}

class BatchRedactor implements Redactor {
  readonly #redaction: CompiledRedaction;
  /** By which policies apply, one letter each. */
  readonly #profiles = new Map<string, RedactionProfile | undefined>();
  #plans = new WeakMap<Resource, ResourcePlan>();
  readonly #owners = new SharedOwners();

  constructor(redaction: CompiledRedaction) {
    this.#redaction = redaction;
  }

  spans(batch: SpanBatch): Redacted<SpanBatch> {
    const hits = this.#noHits();
    const { resources, profiles } = this.#resources(batch, hits);
    if (profiles.every((profile) => profile === undefined)) return { batch, hits: NO_HITS };
    const rows: RowProfiles = { profiles, index: batch.resourceIndex, hits };
    const changes = withoutUndefined({
      ...resources,
      ...redactAttributes(batch, rows),
      names: redactColumn(batch.names, rows),
      statusMessages: redactColumn(batch.statusMessages, rows),
      traceStates: redactColumn(batch.traceStates, rows, (profile, state) => profile.traceState(state, hits)),
      scopes: redactScopes(batch.scopes, rows),
      events: redactEvents(batch.events, rows),
      links: redactLinks(batch.links, rows),
    });
    return { batch: changes === undefined ? batch : { ...batch, ...changes }, hits: this.#report(hits) };
  }

  logs(batch: LogBatch): Redacted<LogBatch> {
    const hits = this.#noHits();
    const { resources, profiles } = this.#resources(batch, hits);
    if (profiles.every((profile) => profile === undefined)) return { batch, hits: NO_HITS };
    const rows: RowProfiles = { profiles, index: batch.resourceIndex, hits };
    const changes = withoutUndefined({
      ...resources,
      ...redactAttributes(batch, rows),
      bodies: redactColumn(batch.bodies, rows, (profile, body) => profile.body(body, hits)),
      eventNames: redactColumn(batch.eventNames, rows),
      severityTexts: redactColumn(batch.severityTexts, rows),
      scopes: redactScopes(batch.scopes, rows),
    });
    return { batch: changes === undefined ? batch : { ...batch, ...changes }, hits: this.#report(hits) };
  }

  #noHits(): Hits {
    return new Float64Array(this.#redaction.rules.length);
  }

  /** The resources as they may be written, and by whose rules their rows are redacted. */
  #resources(batch: Pick<SpanBatch, 'resources' | 'resourceIndex'>, hits: Hits): { resources: Partial<Pick<SpanBatch, 'resources' | 'resourceIndex'>>; profiles: RowProfiles['profiles'] } {
    if (this.#owners.forgetIfFull()) this.#plans = new WeakMap();
    const plans = batch.resources.map((resource) => this.#planOf(resource));
    for (const plan of plans) for (let rule = 0; rule < hits.length; rule += 1) hits[rule]! += plan.hits[rule]!;
    const profiles = plans.map(({ profile }) => profile);
    if (plans.every(({ resource }, index) => resource === batch.resources[index])) return { resources: {}, profiles };
    return { resources: { resources: plans.map(({ resource }) => resource) }, profiles };
  }

  #planOf(resource: Resource): ResourcePlan {
    const known = this.#plans.get(resource);
    if (known !== undefined) return known;
    const profile = this.#profileOf(resource.serviceName);
    const hits = this.#noHits();
    const attributes: readonly Attribute[] = profile === undefined ? resource.attributes : redactList(resource.attributes, profile, hits);
    // What became equal by redaction becomes one object again.
    const plan = { profile, hits, resource: attributes === resource.attributes ? resource : this.#owners.resource(attributes).value };
    this.#plans.set(resource, plan);
    return plan;
  }

  #profileOf(service: string): RedactionProfile | undefined {
    const policies = this.#redaction.policies.filter(({ appliesTo }) => appliesTo([service]));
    const key = this.#redaction.policies.map((policy) => (policies.includes(policy) ? '1' : '0')).join('');
    if (!this.#profiles.has(key)) this.#profiles.set(key, policies.length === 0 ? undefined : new RedactionProfile(policies));
    return this.#profiles.get(key);
  }

  #report(hits: Hits): readonly RedactionHit[] {
    const report: RedactionHit[] = [];
    for (const { index, policy, name, mode } of this.#redaction.rules) {
      const count = hits[index] ?? 0;
      if (count > 0) report.push({ policy, rule: name, mode, count });
    }
    return report.length === 0 ? NO_HITS : report;
  }
}

/** `undefined` when nothing changed. */
function withoutUndefined<Columns extends object>(columns: Columns): { [Key in keyof Columns]?: NonNullable<Columns[Key]> } | undefined {
  const changed = Object.entries(columns).filter(([, column]) => column !== undefined);
  return changed.length === 0 ? undefined : Object.fromEntries(changed) as { [Key in keyof Columns]?: NonNullable<Columns[Key]> };
}
