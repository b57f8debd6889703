RETURN c.id AS id
