SELECT count(*)
FROM segment_membership
WHERE segment = ?1
