-- Exclusions that came, changed or went.
INSERT INTO exclusion_log
SELECT $at_ms, row.slo, row.exclusion, row.change, row.createdBy, row.reason, row.what, row.definition, row.budgetBefore, row.budgetAfter
FROM (SELECT unnest(from_json($rows, '[{"slo":"VARCHAR","exclusion":"VARCHAR","change":"VARCHAR","createdBy":"VARCHAR","reason":"VARCHAR","what":"VARCHAR","definition":"VARCHAR","budgetBefore":"DOUBLE","budgetAfter":"DOUBLE"}]')) AS row)
