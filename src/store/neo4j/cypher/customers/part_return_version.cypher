RETURN n, c.id AS id, c.version AS version, products
