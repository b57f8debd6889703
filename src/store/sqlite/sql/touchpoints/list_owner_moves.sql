-- Each with its owner before and its owner after the move. The owner after is the one before the next move, else the
-- present owner.
SELECT p.touchpoint, p.at, p.owner,
       coalesce((
           SELECT n.owner
           FROM past_owner n
           WHERE n.touchpoint = p.touchpoint AND n.until > p.until
           ORDER BY n.until
           LIMIT 1
       ), t.owner)
FROM past_owner p
JOIN touchpoint t ON t.arrival = p.touchpoint
WHERE p.until > ?1 AND p.until <= ?2
ORDER BY p.until, p.touchpoint
