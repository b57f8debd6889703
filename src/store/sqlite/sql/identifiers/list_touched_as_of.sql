-- When an identifier was seen, by the touchpoints of its own events: touchpoints that it owns and always owned, and for
-- a device identifier also the touchpoints that now have another owner.
SELECT min(at), max(at)
FROM touchpoint
WHERE owner = ?1 AND place < ?2 AND (moved IS NULL OR carrier IS NULL)
UNION ALL
SELECT min(at), max(at)
FROM touchpoint
WHERE carrier = ?1 AND place < ?2 AND moved IS NOT NULL
