// The words and the key of present claims that were stored by an older version.
UNWIND $rows AS row
MATCH (n:Trait {arrival: row.id})
USING INDEX SEEK n:Trait(arrival)
SET n.search = row.search, n.hash = row.hash
