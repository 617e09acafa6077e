import { attributeOf } from '../trace/attribute-json.js';
import type { Attribute } from '../trace/attribute.js';
import type { LogBatch } from '../trace/log-record.js';
import { addNew, spanAttributesOfScopes } from '../trace/mapped-attributes.js';
import { SPAN_KINDS, type Resource, type SpanBatch } from '../trace/span-batch.js';
import { clockFault, type Arrival, type ClockFault } from './clock-check.js';
import { RewrittenAttributes } from './normalise-columns.js';
import { KEY } from './normalise-keys.js';
import { RowNormaliser } from './normalise-row.js';
import { MAX_SERVICES, Services, type ServiceHygiene, type ServiceState } from './normalise-services.js';
import { RouteNamer, type RowRoute } from './route-template-namer.js';
import { SharedOwners } from './shared-owners.js';

/** Gives spans and log records of one thread, one batch after another, today's names, routes, and times that can be counted. Never throws. */
export interface Normaliser {
  /** The batch itself where nothing was to do; else a new one that shares every column that did not change. */
  spans(batch: SpanBatch, arrival: Arrival): SpanBatch;
  logs(batch: LogBatch): LogBatch;
  /** What was done since the start, by service. */
  report(): readonly ServiceHygiene[];
}

export interface NormaliserOptions {
  /** Services that are counted and limited apart. */
  readonly maxServices?: number;
}

const NOTHING: readonly Attribute[] = [];
const SERVER = SPAN_KINDS.indexOf('server');
const CLIENT = SPAN_KINDS.indexOf('client');
const CLOCK_ATTRIBUTE: Readonly<Record<ClockFault, Attribute>> = {
  future: attributeOf('tocsin.clock', 'future'),
  ancient: attributeOf('tocsin.clock', 'ancient'),
};

export function createNormaliser({ maxServices = MAX_SERVICES }: NormaliserOptions = {}): Normaliser {
  return new BatchNormaliser(maxServices);
}

/** What is done to one batch: the columns that changed so far. */
interface Changes {
  readonly attributes: RewrittenAttributes;
  /** What spans get of their scopes. */
  readonly ofScopes: ReturnType<typeof spanAttributesOfScopes>;
  names: string[] | undefined;
  endMs: Float64Array | undefined;
}

class BatchNormaliser implements Normaliser {
  readonly #row = new RowNormaliser();
  readonly #routes = new RouteNamer(this.#row);
  readonly #services: Services;
  readonly #owners = new SharedOwners();
  #resources = new WeakMap<Resource, Resource>();

  constructor(maxServices: number) {
    this.#services = new Services(this.#row.table.oldNames, maxServices);
  }

  spans(batch: SpanBatch, arrival: Arrival): SpanBatch {
    this.#services.startBatch(arrival.receivedAtMs);
    const services = batch.resources.map(({ serviceName }) => this.#services.of(serviceName));
    const resources = this.#renamedResources(batch.resources, services);
    const changes: Changes = { attributes: new RewrittenAttributes(batch), ofScopes: spanAttributesOfScopes(batch.scopes), names: undefined, endMs: undefined };
    for (let row = 0; row < batch.count; row += 1) this.#span(batch, row, { service: services[batch.resourceIndex[row]!]!, arrival, changes });
    this.#row.read(NOTHING, 0, 0); // Lets go of the batch.
    const columns = changes.attributes.columns();
    const { names, endMs } = changes;
    if (columns.attributes === undefined && names === undefined && endMs === undefined && resources === batch.resources) return batch;
    return { ...batch, ...columns, resources, ...(names === undefined ? {} : { names }), ...(endMs === undefined ? {} : { endMs }) };
  }

  #span(batch: SpanBatch, row: number, { service, arrival, changes }: { service: ServiceState; arrival: Arrival; changes: Changes }): void {
    const from = batch.attributeStart[row]!;
    const to = batch.attributeStart[row + 1]!;
    const kind = batch.kinds[row]!;
    const normalise = this.#row;
    normalise.read(batch.attributes, from, to);
    const fault = this.#clock(batch, row, { service, arrival, changes });
    const route = kind === SERVER || kind === CLIENT ? this.#routes.of(batch.names[row]!, kind === SERVER, service) : undefined;
    if (route?.name !== undefined) {
      changes.names ??= batch.names.slice();
      changes.names[row] = route.name;
    }
    const ofScope = changes.ofScopes?.[batch.scopeIndex[row]!];
    if ((normalise.seen & KEY.old) === 0 && fault === undefined && route?.attributes === undefined && ofScope === undefined) {
      changes.attributes.keep(row);
      return;
    }
    const out = changes.attributes.begin(row);
    const first = out.length;
    normalise.write(kind === SERVER ? 'server' : 'client', out, service.oldNames);
    append(out, route);
    for (const attribute of ofScope ?? []) addNew(out, attribute, first);
    if (fault !== undefined) out.push(CLOCK_ATTRIBUTE[fault]);
    changes.attributes.end(row);
  }

  /** Counting is by event time, and nothing can have happened after it was received: such spans count in the minute of their receipt. */
  #clock(batch: SpanBatch, row: number, { service, arrival, changes }: { service: ServiceState; arrival: Arrival; changes: Changes }): ClockFault | undefined {
    const endMs = batch.endMs[row]!;
    const fault = clockFault(endMs, batch.durationNs[row]!, arrival);
    if (endMs > arrival.receivedAtMs) {
      changes.endMs ??= batch.endMs.slice();
      changes.endMs[row] = arrival.receivedAtMs;
    }
    if (fault === 'future') {
      service.future += 1;
      service.maxAheadMs = Math.max(service.maxAheadMs, endMs - arrival.receivedAtMs);
    } else if (fault === 'ancient') service.ancient += 1;
    return fault;
  }

  logs(batch: LogBatch): LogBatch {
    const services = batch.resources.map(({ serviceName }) => this.#services.of(serviceName));
    const resources = this.#renamedResources(batch.resources, services);
    const attributes = new RewrittenAttributes(batch);
    for (let row = 0; row < batch.count; row += 1) {
      const from = batch.attributeStart[row]!;
      const to = batch.attributeStart[row + 1]!;
      this.#row.read(batch.attributes, from, to);
      if ((this.#row.seen & KEY.old) === 0) attributes.keep(row);
      else {
        this.#row.write('none', attributes.begin(row), services[batch.resourceIndex[row]!]!.oldNames);
        attributes.end(row);
      }
    }
    const columns = attributes.columns();
    return columns.attributes === undefined && resources === batch.resources ? batch : { ...batch, ...columns, resources };
  }

  report(): readonly ServiceHygiene[] {
    return this.#services.report();
  }

  /** The list itself where no resource has an old name. */
  #renamedResources(resources: readonly Resource[], services: readonly ServiceState[]): readonly Resource[] {
    if (this.#owners.forgetIfFull()) this.#resources = new WeakMap();
    const renamed = resources.map((resource, index) => this.#resources.get(resource) ?? this.#renamedResource(resource, services[index]!));
    return renamed.every((resource, index) => resource === resources[index]) ? resources : renamed;
  }

  /** Old names of resources are counted when the resource is first met. */
  #renamedResource(resource: Resource, service: ServiceState): Resource {
    this.#row.read(resource.attributes, 0, resource.attributes.length);
    let renamed = resource;
    if ((this.#row.seen & KEY.old) !== 0) {
      const out: Attribute[] = [];
      this.#row.write('none', out, service.oldNames);
      // What became equal by renaming becomes one object again.
      renamed = this.#owners.resource(out).value;
    }
    this.#resources.set(resource, renamed);
    return renamed;
  }
}

function append(out: Attribute[], route: RowRoute | undefined): void {
  if (route?.attributes !== undefined) for (const attribute of route.attributes) out.push(attribute);
}
