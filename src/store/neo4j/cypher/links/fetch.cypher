// Links by both ends.
UNWIND range(0, size($keys) - 1) AS n
MATCH (a:Identifier {id: $keys[n][0]})
USING INDEX SEEK a:Identifier(id)
MATCH (b:Identifier {id: $keys[n][1]})
USING INDEX SEEK b:Identifier(id)
WITH n, a, b
MATCH (a)-[l:LINKED|REFUSED]->(b)
WHERE $keys[n][2] = (type(l) = 'REFUSED')
RETURN n, [a.id, b.id, l.reason, l.rule, l.first_at, l.last_at, l.count, l.message_id, l.source] AS item
