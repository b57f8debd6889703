-- Each with who had it, and who had it next: by the move that came after, else now.
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
