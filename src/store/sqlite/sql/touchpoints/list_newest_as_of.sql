-- As list_newest, at a moment: touchpoints of the owner now and then, and touchpoints that it owned only then.
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
  AND (moved IS NULL OR moved <= ?11)
UNION ALL
SELECT p.at, p.touchpoint
FROM past_owner p
JOIN touchpoint t ON t.arrival = p.touchpoint
WHERE p.owner = ?1
  AND (p.at, p.touchpoint) < (?2, ?3)
  AND p.at >= ?4
  AND (?5 IS NULL OR t.channel IN (SELECT value FROM json_each(?5)))
  AND (?6 IS NULL OR t.kind IN (SELECT value FROM json_each(?6)))
  AND (?7 IS NULL OR t.name IN (SELECT value FROM json_each(?7)))
  AND (?8 IS NULL OR t.direction = ?8)
  AND p.since <= ?11 AND p.until > ?11
ORDER BY 1 DESC, 2 DESC
LIMIT ?9
