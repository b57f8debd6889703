-- The figures of an identifier at a moment: rows that it owns now and then, and rows that it owned only then.
SELECT channel, count(*), total(kind = 'message_sent' AND direction = 'OUTBOUND'), total(direction = 'INBOUND'), max(at)
FROM (
    SELECT channel, kind, direction, at
    FROM touchpoint
    WHERE owner = ?1 AND place < ?2 AND (moved IS NULL OR moved <= ?3)
    UNION ALL
    SELECT t.channel, t.kind, t.direction, t.at
    FROM past_owner p
    JOIN touchpoint t ON t.arrival = p.touchpoint
    WHERE p.owner = ?1 AND p.since <= ?3 AND p.until > ?3
)
GROUP BY channel
