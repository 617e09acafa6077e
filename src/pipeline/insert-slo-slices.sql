-- Slices that were counted from stored spans, as if their SLO had been there when the spans arrived.
INSERT INTO slo_slices
SELECT row.sliceKey, row.eventMinute, row.arrivalMinute, row.good, row.bad, row.goodSquared, row.badSquared, row.events, row.unknownWeight, row.imported
FROM (SELECT unnest(from_json($rows, '[{"sliceKey":"VARCHAR","eventMinute":"INTEGER","arrivalMinute":"INTEGER","good":"DOUBLE","bad":"DOUBLE","goodSquared":"DOUBLE","badSquared":"DOUBLE","events":"DOUBLE","unknownWeight":"DOUBLE","imported":"BOOLEAN"}]')) AS row)
