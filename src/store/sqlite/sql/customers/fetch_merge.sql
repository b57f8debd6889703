-- The customer that an id was merged into at a change, if any: from the present merge, or from one that was undone
-- later.
SELECT into_.id
FROM customer c
LEFT JOIN customer into_ ON into_.born = coalesce(
    (SELECT c.merged_into WHERE c.merged_seq <= ?2),
    (SELECT p.into_id FROM past_merge p WHERE p.customer = c.born AND p.until > ?2 AND p.since <= ?2)
)
WHERE c.id = ?1
