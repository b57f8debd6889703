-- Null times stay null: older rows did not keep these times.
INSERT INTO stored_on (identifier, device, since, first_seen_at, last_seen_at)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (identifier, device)
DO UPDATE SET
    first_seen_at = min(first_seen_at, excluded.first_seen_at),
    last_seen_at = max(last_seen_at, excluded.last_seen_at)
WHERE excluded.first_seen_at < first_seen_at OR excluded.last_seen_at > last_seen_at
