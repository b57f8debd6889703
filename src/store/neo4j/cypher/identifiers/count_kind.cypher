// Used only for a kind that the rules do not name, so a scan is acceptable.
MATCH (i:Identifier)
WHERE i.kind = $kind
RETURN i.kind AS kind
LIMIT 1
