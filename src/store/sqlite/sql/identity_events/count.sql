SELECT count(*)
FROM identity_event
WHERE customer = ?1 AND arrival < ?2
