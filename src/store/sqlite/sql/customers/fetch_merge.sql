-- Into whom an id was merged by a change, if it was: by the merge that holds, or by one that was undone later.
SELECT into_.id
FROM customer c
LEFT JOIN customer into_ ON into_.born = coalesce(
    (SELECT c.merged_into WHERE c.merged_seq <= ?2),
    (SELECT p.into_id FROM past_merge p WHERE p.customer = c.born AND p.until > ?2 AND p.since <= ?2)
)
WHERE c.id = ?1
