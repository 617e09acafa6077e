-- Decisions about alerts and receivers, in their order; `$rows` is a JSON array.
INSERT INTO decisions (at_ms, incident_id, alert_id, group_key, route, receiver, integration, outcome, reason, delivery_id)
SELECT entry.at_ms, entry.incident_id, entry.alert_id, entry.group_key, entry.route, entry.receiver, entry.integration, entry.outcome, entry.reason, entry.delivery_id
FROM (
  SELECT unnest(from_json($rows, '[{"at_ms":"BIGINT","incident_id":"VARCHAR","alert_id":"VARCHAR","group_key":"VARCHAR","route":"VARCHAR","receiver":"VARCHAR","integration":"VARCHAR","outcome":"VARCHAR","reason":"VARCHAR","delivery_id":"VARCHAR"}]')) AS entry
)
