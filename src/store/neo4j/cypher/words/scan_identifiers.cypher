// Once, when data of an older version is opened: a page of the searched identifiers, in the order of their index.
MATCH (n:Identifier)
USING INDEX SEEK n:Identifier(id)
WHERE n.id > $after
RETURN n.id AS id, n.kind AS kind, n.value AS value
ORDER BY n.id
LIMIT $limit
