-- Touchpoints of the owner now and then, and touchpoints that it owned only then.
SELECT channel, (at - ?2) * ?4 / (?3 - ?2), count(*)
FROM (
    SELECT channel, at
    FROM touchpoint
    WHERE owner = ?1
      AND at >= ?2 AND at < ?3
      AND place < ?5
      AND (moved IS NULL OR moved <= ?6)
    UNION ALL
    SELECT t.channel, p.at
    FROM past_owner p
    JOIN touchpoint t ON t.arrival = p.touchpoint
    WHERE p.owner = ?1
      AND p.at >= ?2 AND p.at < ?3
      AND p.since <= ?6 AND p.until > ?6
)
GROUP BY 1, 2
