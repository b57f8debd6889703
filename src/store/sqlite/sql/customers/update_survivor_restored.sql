-- Customers that were merged into this one before it was merged away: it is their survivor again.
WITH RECURSIVE part (born) AS (
    SELECT born FROM customer WHERE survivor = ?2 AND merged_into = ?1
    UNION
    SELECT c.born FROM customer c JOIN part ON c.merged_into = part.born WHERE c.survivor = ?2
)
UPDATE customer
SET survivor = ?1
WHERE born IN (SELECT born FROM part)
