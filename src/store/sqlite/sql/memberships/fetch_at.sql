-- Who held one identifier once the change ?1 was done; no row when it was not known then.
SELECT
    (
        SELECT c.id
        FROM customer c
        WHERE c.born = CASE WHEN i.since <= ?1 THEN i.customer
        ELSE (SELECT p.customer FROM past_membership p WHERE p.identifier = i.id AND p.until > ?1 AND p.since <= ?1)
        END
    )
FROM identifier i
WHERE i.id = ?2 AND i.id >> 20 <= ?1
