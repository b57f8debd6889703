DELETE FROM identity_event
WHERE arrival = ?1
