// What the locks made and the plan did not fill.
UNWIND $identifiers AS key
MATCH (i:Identifier {key: key})
WHERE i.id IS NULL
DELETE i
