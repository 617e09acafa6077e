-- All notification groups.
SELECT document FROM notification_groups ORDER BY group_id
