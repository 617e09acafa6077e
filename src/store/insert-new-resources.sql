-- Resources of the group under commit that the table does not have yet.
INSERT INTO resources SELECT resource_id, service, attributes FROM new_resources ON CONFLICT DO NOTHING
