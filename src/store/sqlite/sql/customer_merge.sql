-- Into whom an id was merged, and when.
SELECT into_.id, c.merged_seq
FROM customer c
LEFT JOIN customer into_ ON into_.born = c.merged_into
WHERE c.id = ?1
