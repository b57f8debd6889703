SELECT count(*)
FROM touchpoint
WHERE owner = ?1
  AND at >= ?2 AND at < ?3
  AND (?4 IS NULL OR channel IN (SELECT value FROM json_each(?4)))
  AND (?5 IS NULL OR kind IN (SELECT value FROM json_each(?5)))
  AND (?6 IS NULL OR name IN (SELECT value FROM json_each(?6)))
  AND (?7 IS NULL OR direction = ?7)
  AND place < ?8
