-- The last row of a set: the index has a set's rows in the order of their arrival.
SELECT outcomes, rules_version
FROM evidence
WHERE set_name = ?1
ORDER BY arrival DESC
LIMIT 1
