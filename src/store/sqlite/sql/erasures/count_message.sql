SELECT count(*)
FROM erased_message
WHERE hash = ?1
