-- Batches from one on, in order. The reader stops when it has enough entries. The limit is for batches without entries.
SELECT seq, at, entries
FROM change
WHERE seq >= ?1
ORDER BY seq
LIMIT 1000
