// The ids of identifiers that were there.
UNWIND range(0, size($keys) - 1) AS n
MATCH (i:Identifier {key: $keys[n]})
USING INDEX SEEK i:Identifier(key)
WHERE i.id < $end
RETURN n, i.id AS id
