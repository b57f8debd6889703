-- The times of an identifier on a device, by the touchpoints it owned: present ones that it had already, and ones that
-- it lost since.
SELECT min(at), max(at)
FROM touchpoint
WHERE owner = ?1 AND device = ?2 AND place < ?3 AND (moved IS NULL OR moved <= ?4)
UNION ALL
SELECT min(t.at), max(t.at)
FROM past_owner p
JOIN touchpoint t ON t.arrival = p.touchpoint
WHERE p.owner = ?1 AND p.since <= ?4 AND p.until > ?4 AND t.device = ?2 AND t.place < ?3
