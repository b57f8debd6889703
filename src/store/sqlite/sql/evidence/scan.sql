SELECT arrival, identifiers, rules_version, at
FROM evidence
WHERE arrival > ?1 AND arrival < ?2
ORDER BY arrival
LIMIT ?3
