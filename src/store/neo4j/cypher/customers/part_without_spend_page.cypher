RETURN c.id AS id, 0 AS key, c.born AS born
ORDER BY c.born DESC
LIMIT $limit
