-- Once, when a file of an older version is opened: the present claims, in the order in which they came.
SELECT arrival, value
FROM claim
WHERE arrival > ?1 AND until IS NULL
ORDER BY arrival
LIMIT ?2
