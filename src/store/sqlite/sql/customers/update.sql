UPDATE customer
SET version = version + 1, first_seen_at = ?2, last_seen_at = ?3, order_count = ?4, channels = ?5
WHERE born = ?1
