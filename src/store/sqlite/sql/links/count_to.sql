-- Not links whose other end is among the same owners: these are counted from that end.
SELECT count(*)
FROM link
WHERE to_id = ?1
  AND (?2 IS NULL OR refused = ?2)
  AND from_id NOT IN (SELECT value FROM json_each(?3))
