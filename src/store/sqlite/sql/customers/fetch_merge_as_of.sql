-- One step of the chain of merges at a moment: from the present merge, or from one that was undone later.
SELECT merged_into
FROM customer
WHERE born = ?1 AND merged_into IS NOT NULL AND merged_seq <= ?2
UNION ALL
SELECT into_id
FROM past_merge
WHERE customer = ?1 AND since <= ?2 AND until > ?2
