-- As list_newest, in the other direction.
SELECT at, place
FROM touchpoint
WHERE owner = ?1
  AND (at, place) > (?2, ?3)
  AND at < ?4
  AND (?5 IS NULL OR channel IN (SELECT value FROM json_each(?5)))
  AND (?6 IS NULL OR kind IN (SELECT value FROM json_each(?6)))
  AND (?7 IS NULL OR name IN (SELECT value FROM json_each(?7)))
  AND (?8 IS NULL OR direction = ?8)
  AND place < ?10
ORDER BY at, place
LIMIT ?9
