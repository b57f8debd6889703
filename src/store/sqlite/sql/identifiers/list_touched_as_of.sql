-- When an identifier was seen, by its own touchpoints, whomever they were given to: those that it owns and was
-- not given, and of a device those that were given away.
SELECT min(at), max(at)
FROM touchpoint
WHERE owner = ?1 AND place < ?2 AND (moved IS NULL OR carrier IS NULL)
UNION ALL
SELECT min(at), max(at)
FROM touchpoint
WHERE carrier = ?1 AND place < ?2 AND moved IS NOT NULL
