-- The times of an identifier on a device, by the touchpoints that it carried for others.
SELECT min(at), max(at)
FROM touchpoint
WHERE carrier = ?1 AND device = ?2 AND place < ?3
