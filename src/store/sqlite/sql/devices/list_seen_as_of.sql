-- The times of an identifier on a device, by the touchpoints it owns and the touchpoints it carried.
SELECT min(at), max(at)
FROM touchpoint
WHERE owner = ?1 AND device = ?2 AND place < ?3
UNION ALL
SELECT min(at), max(at)
FROM touchpoint
WHERE carrier = ?1 AND device = ?2 AND place < ?3
