SELECT from_at, to_at
FROM pending_visits
WHERE device = ?1 AND from_at <= ?3 AND to_at >= ?2
