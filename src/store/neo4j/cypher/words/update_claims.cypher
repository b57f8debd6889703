// The words of traits that were stored by an older version.
UNWIND $rows AS row
MATCH (n:Trait {arrival: row.id})
USING INDEX SEEK n:Trait(arrival)
SET n.search = row.search
