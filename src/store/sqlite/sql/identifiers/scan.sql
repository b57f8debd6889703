-- The customer of each identifier after the change ?1: the present customer, if the membership is that old, else the
-- former customer whose membership ended later.
SELECT
    i.id,
    i.kind,
    i.value,
    CASE WHEN i.since <= ?1 THEN i.customer
    ELSE (SELECT p.customer FROM past_membership p WHERE p.identifier = i.id AND p.until > ?1 AND p.since <= ?1)
    END,
    ifnull(i.shared_since <= ?1, 0)
FROM identifier i
WHERE i.id > ?2 AND i.id < ?3
ORDER BY i.id
LIMIT ?4
