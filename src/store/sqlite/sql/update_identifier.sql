-- No indexed column among them: one page is written.
UPDATE identifier
SET first_seen_at = ?2, last_seen_at = ?3, rollup = ?4
WHERE id = ?1
