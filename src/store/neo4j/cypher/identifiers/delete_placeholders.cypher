// Placeholders that locks made and the plan did not use.
UNWIND $identifiers AS key
MATCH (i:Identifier {key: key})
USING INDEX SEEK i:Identifier(key)
WHERE i.id IS NULL
DELETE i
