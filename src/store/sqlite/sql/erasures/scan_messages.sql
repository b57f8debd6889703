-- Messages have no index by owner: it would cost every event, and erasures are rare.
SELECT id, arrival
FROM message
WHERE owner IN (SELECT value FROM json_each(?1))
