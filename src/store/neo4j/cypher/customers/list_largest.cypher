// A walk along the index on (identifier_count, born), from its end.
MATCH (c:Customer)
USING INDEX c:Customer(identifier_count, born)
WHERE c.identifier_count > 0 AND c.born IS NOT NULL
RETURN c.id AS id, c.identifier_count AS identifiers
ORDER BY c.identifier_count DESC, c.born DESC
LIMIT $limit
