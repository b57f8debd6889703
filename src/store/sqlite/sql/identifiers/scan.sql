-- Who held each once the change ?1 was done: whoever holds it since then or longer, else whoever lost it later.
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
