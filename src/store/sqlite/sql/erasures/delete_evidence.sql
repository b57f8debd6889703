DELETE FROM evidence
WHERE arrival = ?1
