DELETE FROM segment_membership
WHERE segment = ?1 AND customer = ?2
