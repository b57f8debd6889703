-- Walks the index on (last_seen_at, place) of customers that were not merged away.
SELECT c.id, c.born, c.last_seen_at
FROM customer c
WHERE c.survivor IS NULL
