-- The survivor of an id, and all customers merged into the survivor.
WITH now (born) AS (SELECT coalesce(survivor, born) FROM customer WHERE id = ?1)
SELECT born FROM now
UNION ALL
SELECT c.born FROM now JOIN customer c ON c.survivor = now.born
