-- When an identifier was seen on a device, by its touchpoints.
SELECT min(at), max(at)
FROM touchpoint
WHERE owner = ?1 AND device = ?2 AND place < ?3
