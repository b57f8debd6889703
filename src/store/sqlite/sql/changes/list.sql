-- Batches from one on, in order. The reader stops when it has enough; the limit is for batches that tell nothing.
SELECT seq, at, entries
FROM change
WHERE seq >= ?1
ORDER BY seq
LIMIT 1000
