SELECT outcomes
FROM evidence
WHERE set_name = ?1
