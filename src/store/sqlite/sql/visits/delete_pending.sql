DELETE FROM pending_visits
WHERE device = ?1 AND from_at = ?2
