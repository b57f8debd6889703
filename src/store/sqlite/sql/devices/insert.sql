-- Times are widened. The description is that of the latest event.
INSERT INTO device (key, kind, os, model, first_seen_at, last_seen_at, since)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (key)
DO UPDATE SET
    kind = iif(excluded.last_seen_at >= last_seen_at, excluded.kind, kind),
    os = iif(excluded.last_seen_at >= last_seen_at, excluded.os, os),
    model = iif(excluded.last_seen_at >= last_seen_at, excluded.model, model),
    first_seen_at = min(first_seen_at, excluded.first_seen_at),
    last_seen_at = max(last_seen_at, excluded.last_seen_at)
RETURNING id
