SELECT identifier
FROM past_membership
WHERE customer = ?1
