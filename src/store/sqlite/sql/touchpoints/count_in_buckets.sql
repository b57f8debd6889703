-- Touchpoints by channel and bucket: ?4 buckets of equal width from ?2 until before ?3.
SELECT channel, (at - ?2) * ?4 / (?3 - ?2), count(*)
FROM touchpoint
WHERE owner = ?1
  AND at >= ?2 AND at < ?3
  AND place < ?5
GROUP BY 1, 2
