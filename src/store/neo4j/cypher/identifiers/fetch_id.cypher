// The ids of identifiers that existed at a moment.
UNWIND range(0, size($keys) - 1) AS n
MATCH (i:Identifier {key: $keys[n]})
USING INDEX SEEK i:Identifier(key)
WHERE i.id < $end
RETURN n, i.id AS id
