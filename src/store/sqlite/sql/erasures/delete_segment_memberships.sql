DELETE FROM segment_membership
WHERE customer = ?1
