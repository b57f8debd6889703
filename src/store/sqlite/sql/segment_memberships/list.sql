SELECT c.id, m.customer
FROM segment_membership m
JOIN customer c ON c.born = m.customer
WHERE m.segment = ?1 AND m.customer > ?2
ORDER BY m.customer
LIMIT ?3
