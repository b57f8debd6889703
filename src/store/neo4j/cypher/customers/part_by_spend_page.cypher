RETURN c.id AS id, s.net AS key, s.born AS born
ORDER BY s.currency DESC, s.net DESC, s.born DESC
LIMIT $limit
