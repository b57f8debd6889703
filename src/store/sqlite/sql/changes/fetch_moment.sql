-- The last change by then: a step back in the index on (at, seq).
SELECT seq
FROM change
WHERE at <= ?1
ORDER BY at DESC, seq DESC
LIMIT 1
