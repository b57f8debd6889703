RETURN c.id AS id, c.born AS key, c.born AS born
ORDER BY c.born DESC
LIMIT $limit
