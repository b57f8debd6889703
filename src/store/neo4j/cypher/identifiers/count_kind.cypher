// Asked about a kind that the rules do not name: only then is it worth a look at all of them.
MATCH (i:Identifier)
WHERE i.kind = $kind
RETURN i.kind AS kind
LIMIT 1
