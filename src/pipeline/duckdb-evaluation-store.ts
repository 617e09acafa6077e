import { WINDOW_MAX_MS } from '../config/incident-window.js';
import type { HeldOpening } from '../incident/held-opening.js';
import type { Incident } from '../incident/incident.js';
import type { PostedAlert } from '../incident/posted-alert.js';
import type { Silence } from '../incident/silence.js';
import { decodeDocument, encodeDocument } from '../lib/document-json.js';
import { enqueueStatement } from '../notify/duckdb-outbox.js';
import type { DrillRun } from '../notify/drill.js';
import { groupId, type Decision, type NotificationGroup } from '../notify/notification-group.js';
import type { Database, Statement } from '../store/database.js';
import { pinTraces } from '../store/duckdb-maintenance.js';
import { loadSql } from '../store/fs-sql.js';
import type { AlertingMemory, EvaluationChanges, EvaluationStore } from './evaluation-store.js';

const sql = (name: string): string => loadSql(import.meta.url, `${name}.sql`);
const LOAD_OPEN = sql('load-open-incidents');
const LOAD_INCIDENTS = sql('load-incidents');
const LOAD_ENDED = sql('load-recently-ended');
const LOAD_GROUPS = sql('load-notification-groups');
const LOAD_POSTED = sql('load-posted-alerts');
const LOAD_SILENCES = sql('load-silences');
const LOAD_DRILLS = sql('load-drills');
const LOAD_HELD = sql('load-held-openings');
const FORGET_INCIDENT = sql('forget-incident');
const STORE_INCIDENT = sql('store-incident');
const CLAIM_KEY = sql('claim-key');
const FREE_KEY = sql('free-key');
const FORGET_GROUPS = sql('forget-notification-groups');
const STORE_GROUPS = sql('store-notification-groups');
const FORGET_POSTED = sql('forget-posted-alerts');
const STORE_POSTED = sql('store-posted-alerts');
const FORGET_SILENCES = sql('forget-silences');
const STORE_SILENCES = sql('store-silences');
const FORGET_DRILLS = sql('forget-drills');
const STORE_DRILLS = sql('store-drills');
const FORGET_HELD = sql('forget-held-openings');
const STORE_HELD = sql('store-held-openings');
const STORE_DECISIONS = sql('store-decisions');

export class DuckdbEvaluationStore implements EvaluationStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async loadMemory(): Promise<AlertingMemory> {
    const openIncidents = await this.#documents<Incident>({ sql: LOAD_OPEN });
    const groups = await this.#documents<NotificationGroup>({ sql: LOAD_GROUPS });
    const open = new Set<string>(openIncidents.map(({ id }) => id));
    const ended = [...new Set(groups.flatMap(({ members }) => Object.values(members)))].filter((id) => !open.has(id));
    return {
      openIncidents, groups,
      endedIncidents: ended.length === 0 ? [] : await this.#documents<Incident>({ sql: LOAD_INCIDENTS, params: { ids: JSON.stringify(ended) } }),
      recentlyEnded: await this.#documents<Incident>({ sql: LOAD_ENDED, params: { within_ms: WINDOW_MAX_MS } }),
      posted: await this.#documents<PostedAlert>({ sql: LOAD_POSTED }), silences: await this.#documents<Silence>({ sql: LOAD_SILENCES }),
      drills: await this.#documents<DrillRun>({ sql: LOAD_DRILLS }), held: await this.#documents<HeldOpening>({ sql: LOAD_HELD }),
    };
  }

  /** Resolved ones first: a key that one incident frees may be taken by the next in the same transaction. */
  async save(changes: EvaluationChanges): Promise<void> {
    const incidents = changes.incidents.toSorted((left, right) => Number(right.status === 'resolved') - Number(left.status === 'resolved'));
    await this.#database.transaction([
      ...incidents.flatMap(incidentStatements), ...changes.deliveries.map(enqueueStatement), ...groupStatements(changes), ...postedStatements(changes),
      ...silenceStatements(changes), ...drillStatements(changes), ...heldStatements(changes), ...decisionStatements(changes.decisions ?? []),
    ]);
  }

  async #documents<T>(statement: Statement): Promise<T[]> {
    return (await this.#database.query(statement)).map((row) => decodeDocument<T>(String(row['document'])));
  }
}

function incidentStatements(incident: Incident): Statement[] {
  const incident_id = incident.id;
  return [
    { sql: FORGET_INCIDENT, params: { incident_id } },
    {
      sql: STORE_INCIDENT,
      params: {
        incident_id, key: incident.key, status: incident.status, severity: incident.severity, title: incident.title,
        started_at_ms: incident.startedAtMs, ended_at_ms: incident.endedAtMs ?? null, document: encodeDocument(incident),
      },
    },
    // The proof of a page must outlive the retention of ordinary traces.
    ...pinTraces([...(incident.evidence?.traces ?? []).flatMap((trace) => [trace, ...(trace.alike ?? [])]), ...(incident.causes ?? []).flatMap(({ traces }) => traces)].map(({ traceId }) => traceId), incident_id),
    incident.status === 'resolved' ? { sql: FREE_KEY, params: { incident_id } } : { sql: CLAIM_KEY, params: { key: incident.key, incident_id } },
  ];
}

function groupStatements({ groups = [], removedGroups = [] }: EvaluationChanges): Statement[] {
  return replaceStatements({ forget: FORGET_GROUPS, store: STORE_GROUPS }, { removed: removedGroups.map(groupId), kept: groups.map((group) => ({ id: groupId(group), document: encodeDocument(group) })) });
}

function postedStatements({ posted = [], removedPosted = [] }: EvaluationChanges): Statement[] {
  return replaceStatements({ forget: FORGET_POSTED, store: STORE_POSTED }, { removed: removedPosted, kept: posted.map((alert) => ({ id: alert.id, document: encodeDocument(alert) })) });
}

function silenceStatements({ silences = [], removedSilences = [] }: EvaluationChanges): Statement[] {
  return replaceStatements({ forget: FORGET_SILENCES, store: STORE_SILENCES }, { removed: removedSilences, kept: silences.map((silence) => ({ id: silence.id, ends_at_ms: silence.endsAtMs, document: encodeDocument(silence) })) });
}

function drillStatements({ drills = [], removedDrills = [] }: EvaluationChanges): Statement[] {
  return replaceStatements({ forget: FORGET_DRILLS, store: STORE_DRILLS }, { removed: removedDrills, kept: drills.map((run) => ({ id: run.id, started_at_ms: run.startedAtMs, document: encodeDocument(run) })) });
}

function heldStatements({ held = [], noLongerHeld = [] }: EvaluationChanges): Statement[] {
  return replaceStatements({ forget: FORGET_HELD, store: STORE_HELD }, { removed: noLongerHeld, kept: held.map((each) => ({ id: each.key, document: encodeDocument(each) })) });
}

/** All rows of a table in two statements: one each would make a storm of ten thousand alerts as many round trips. */
function replaceStatements(by: { readonly forget: string; readonly store: string }, rows: { readonly removed: readonly string[]; readonly kept: readonly { readonly id: string }[] }): Statement[] {
  const ids = [...rows.removed, ...rows.kept.map(({ id }) => id)];
  if (ids.length === 0) return [];
  return [{ sql: by.forget, params: { ids: JSON.stringify(ids) } }, ...(rows.kept.length === 0 ? [] : [{ sql: by.store, params: { rows: JSON.stringify(rows.kept) } }])];
}

function decisionStatements(decisions: readonly Decision[]): Statement[] {
  if (decisions.length === 0) return [];
  const rows = decisions.map((decision) => ({
    at_ms: decision.atMs, incident_id: decision.incidentId, alert_id: decision.alertId, group_key: decision.groupKey, route: decision.route, receiver: decision.receiver,
    integration: decision.integration, outcome: decision.outcome, reason: decision.reason, delivery_id: decision.deliveryId ?? null,
  }));
  return [{ sql: STORE_DECISIONS, params: { rows: JSON.stringify(rows) } }];
}
