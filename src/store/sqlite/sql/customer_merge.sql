-- Into whom an id was merged by a change, if it was.
SELECT into_.id
FROM customer c
LEFT JOIN customer into_ ON into_.born = c.merged_into AND c.merged_seq <= ?2
WHERE c.id = ?1
