RETURN c.id AS id, c.last_seen_at AS key, c.born AS born
ORDER BY c.last_seen_at DESC, c.born DESC
LIMIT $limit
