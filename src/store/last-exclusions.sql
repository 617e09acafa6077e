-- The last word on each exclusion of each SLO.
SELECT slo, exclusion, arg_max(change, rowid) AS change, arg_max(created_by, rowid) AS created_by, arg_max(reason, rowid) AS reason, arg_max(what, rowid) AS what, arg_max(definition, rowid) AS definition
FROM exclusion_log
GROUP BY slo, exclusion
