INSERT INTO seen_alone (identifier, since, first_at, last_at)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (identifier, since) DO UPDATE
SET first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)
