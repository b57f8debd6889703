SELECT count(*)
FROM link
WHERE from_id = ?1
  AND (?2 IS NULL OR refused = ?2)
