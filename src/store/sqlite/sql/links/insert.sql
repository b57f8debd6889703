-- Counts are added; if the new count covers all events (?12), the larger count is kept. Times are widened. Rule,
-- reason, message and source stay those of the first event.
INSERT INTO link (from_id, to_id, refused, reason, rule, first_at, last_at, count, message_id, source, since)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT (from_id, to_id, refused)
DO UPDATE SET
    count = CASE WHEN ?12 THEN max(count, excluded.count) ELSE count + excluded.count END,
    first_at = min(first_at, excluded.first_at),
    last_at = max(last_at, excluded.last_at)
