DELETE FROM consent
WHERE arrival = ?1
