import { randomUUID } from 'node:crypto';
import { decodeDocument, encodeDocument } from '../lib/document-json.js';
import type { DeliveryId, IncidentId } from '../lib/ids.js';
import type { Database, Row, Statement } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import type { Delivery } from './delivery.js';
import type { ClaimRequest, ClaimedDelivery, DeadLetter, DeliveryCounts, Outbox, Settlement } from './outbox.js';

const sql = (name: string): string => loadSql(import.meta.url, `outbox-${name}.sql`);
const ENQUEUE = sql('enqueue');
const SUPERSEDE = sql('supersede');
const CLAIM = sql('claim');
const CLAIMED = sql('claimed');
const SETTLE = sql('settle');
const FORGET_RECEIPT = sql('forget-receipt');
const KEEP_RECEIPT = sql('keep-receipt');
const RELEASE = sql('release');
const IN_FLIGHT = sql('in-flight');
const NEXT_DUE = sql('next-due');
const OF_INCIDENT = sql('of-incident');
const COUNTS = sql('counts');
const REJECTED = sql('rejected');
const DEAD = sql('dead');
const RETRY = sql('retry');

type Frozen = Pick<Delivery, 'transition' | 'group'>;

/** For the transaction that saves the delivery's transition. */
export function enqueueStatement(delivery: Delivery): Statement {
  return {
    sql: ENQUEUE,
    params: {
      delivery_id: delivery.id, incident_id: delivery.incidentId, receiver: delivery.receiver, integration: delivery.integration,
      conversation: delivery.conversation, kind: delivery.transition.kind, created_at_ms: delivery.createdAtMs, not_before_ms: delivery.notBeforeMs,
      breach_received_at_ms: delivery.breachReceivedAtMs ?? null, document: encodeDocument({ transition: delivery.transition, group: delivery.group } satisfies Frozen),
    },
  };
}

export class DuckdbOutbox implements Outbox {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async claim(request: ClaimRequest): Promise<readonly ClaimedDelivery[]> {
    const claim = randomUUID();
    await this.#database.transaction([
      { sql: SUPERSEDE, params: { now_ms: request.nowMs } },
      {
        sql: CLAIM,
        params: { claim, now_ms: request.nowMs, lease_until_ms: request.nowMs + request.leaseMs, per_integration: request.perIntegration, limit: request.limit },
      },
    ]);
    const rows = await this.#database.query({ sql: CLAIMED, params: { claim } });
    return rows.map((row) => ({ delivery: deliveryOf(row), claim, previousReceipt: receiptOf(row) }));
  }

  async settle(settlement: Settlement): Promise<void> {
    const { claimed: { delivery, claim }, receipt } = settlement;
    const fence = { delivery_id: delivery.id, claim };
    const conversation = { conversation: delivery.conversation, receiver: delivery.receiver, integration: delivery.integration };
    const settle = {
      sql: SETTLE,
      params: {
        ...fence, status: settlement.status, at_ms: settlement.atMs, not_before_ms: settlement.notBeforeMs,
        ambiguous: settlement.ambiguous, last_error: settlement.lastError ?? null,
      },
    };
    const keep = receipt === undefined ? [] : [
      { sql: FORGET_RECEIPT, params: { ...fence, ...conversation } },
      { sql: KEEP_RECEIPT, params: { ...fence, ...conversation, receipt: JSON.stringify(receipt), at_ms: settlement.atMs } },
    ];
    await this.#database.transaction([...keep, settle]);
  }

  async releaseLeases(): Promise<number> {
    const [row] = await this.#database.query({ sql: IN_FLIGHT });
    const inFlight = Number(row?.['deliveries'] ?? 0);
    if (inFlight > 0) await this.#database.transaction([{ sql: RELEASE }]);
    return inFlight;
  }

  async nextDueMs(): Promise<number | undefined> {
    const [row] = await this.#database.query({ sql: NEXT_DUE });
    return optionalNumber(row?.['due_ms']);
  }

  async ofIncident(id: IncidentId): Promise<readonly Delivery[]> {
    return (await this.#database.query({ sql: OF_INCIDENT, params: { incident_id: id } })).map(deliveryOf);
  }

  async rejected(limit: number): Promise<readonly DeadLetter[]> {
    return (await this.#database.query({ sql: REJECTED, params: { limit } })).map((row) => ({ delivery: deliveryOf(row), overtaken: row['overtaken'] === true }));
  }

  async retry(id: DeliveryId, nowMs: number): Promise<'retried' | 'not-found' | 'overtaken'> {
    const [row] = await this.#database.query({ sql: DEAD, params: { delivery_id: id } });
    if (row === undefined) return 'not-found';
    if (row['overtaken'] === true) return 'overtaken';
    await this.#database.transaction([{ sql: RETRY, params: { delivery_id: id, now_ms: nowMs } }]);
    return 'retried';
  }

  async counts(): Promise<DeliveryCounts> {
    const rows = await this.#database.query({ sql: COUNTS });
    const counted = Object.fromEntries(rows.map((row) => [String(row['status']), Number(row['deliveries'])]));
    return { pending: 0, delivered: 0, rejected: 0, superseded: 0, ...counted };
  }
}

function deliveryOf(row: Row): Delivery {
  const breachReceivedAtMs = optionalNumber(row['breach_received_at_ms']);
  const { transition, group } = decodeDocument<Frozen>(String(row['document']));
  // Written before messages carried their group's alerts: those of the incident are what it had.
  const older = { reason: 'none', alerts: transition.incident.alerts, truncated: 0, otherIncidents: [] } as const;
  return {
    id: String(row['delivery_id']) as DeliveryId,
    incidentId: String(row['incident_id']) as IncidentId,
    receiver: String(row['receiver']),
    integration: String(row['integration']),
    conversation: String(row['conversation']),
    transition,
    group: { ...older, ...group },
    status: String(row['status']) as Delivery['status'],
    attempts: Number(row['attempts']),
    createdAtMs: Number(row['created_at_ms']),
    notBeforeMs: Number(row['not_before_ms']),
    lastError: typeof row['last_error'] === 'string' ? row['last_error'] : undefined,
    ...(row['ambiguous'] === true ? { ambiguous: true } : {}),
    ...(breachReceivedAtMs === undefined ? {} : { breachReceivedAtMs }),
  };
}

function receiptOf(row: Row): Readonly<Record<string, string>> | undefined {
  return typeof row['receipt'] === 'string' ? (JSON.parse(row['receipt']) as Record<string, string>) : undefined;
}

function optionalNumber(cell: Row[string] | undefined): number | undefined {
  return cell === null || cell === undefined ? undefined : Number(cell);
}
