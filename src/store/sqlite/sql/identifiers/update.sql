-- These columns are in no index, except for the few shared identifiers. So one page is written.
UPDATE identifier
SET first_seen_at = ?2, last_seen_at = ?3, rollup = ?4, shared_since = ?5
WHERE id = ?1
