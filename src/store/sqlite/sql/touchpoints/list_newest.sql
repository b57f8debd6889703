-- One owner's range of the index, from a place on. The merge over owners is in pages.rs. Without filters the row itself
-- is not read: each condition tests its parameter first.
SELECT at, place
FROM touchpoint
WHERE owner = ?1
  AND (at, place) < (?2, ?3)
  AND at >= ?4
  AND (?5 IS NULL OR channel IN (SELECT value FROM json_each(?5)))
  AND (?6 IS NULL OR kind IN (SELECT value FROM json_each(?6)))
  AND (?7 IS NULL OR name IN (SELECT value FROM json_each(?7)))
  AND (?8 IS NULL OR direction = ?8)
  AND place < ?10
ORDER BY at DESC, place DESC
LIMIT ?9
