-- Posted alerts that are not over and done with.
SELECT document FROM posted_alerts ORDER BY alert_id
