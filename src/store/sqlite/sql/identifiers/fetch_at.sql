-- The key of an identifier and its customer after the change ?1, as in identifiers/scan; no row when it did not exist then.
SELECT
    i.kind,
    i.value,
    (
        SELECT c.id
        FROM customer c
        WHERE c.born = CASE WHEN i.since <= ?1 THEN i.customer
        ELSE (SELECT p.customer FROM past_membership p WHERE p.identifier = i.id AND p.until > ?1 AND p.since <= ?1)
        END
    )
FROM identifier i
WHERE i.id = ?2 AND i.id >> 20 <= ?1
