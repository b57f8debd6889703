-- Touchpoints of the owner now and then, and touchpoints that it owned only then.
SELECT (
    SELECT count(*)
    FROM touchpoint
    WHERE owner = ?1
      AND at >= ?2 AND at < ?3
      AND (?4 IS NULL OR channel IN (SELECT value FROM json_each(?4)))
      AND (?5 IS NULL OR kind IN (SELECT value FROM json_each(?5)))
      AND (?6 IS NULL OR name IN (SELECT value FROM json_each(?6)))
      AND (?7 IS NULL OR direction = ?7)
      AND place < ?8
      AND (moved IS NULL OR moved <= ?9)
) + (
    SELECT count(*)
    FROM past_owner p
    JOIN touchpoint t ON t.arrival = p.touchpoint
    WHERE p.owner = ?1
      AND p.at >= ?2 AND p.at < ?3
      AND (?4 IS NULL OR t.channel IN (SELECT value FROM json_each(?4)))
      AND (?5 IS NULL OR t.kind IN (SELECT value FROM json_each(?5)))
      AND (?6 IS NULL OR t.name IN (SELECT value FROM json_each(?6)))
      AND (?7 IS NULL OR t.direction = ?7)
      AND p.since <= ?9 AND p.until > ?9
)
