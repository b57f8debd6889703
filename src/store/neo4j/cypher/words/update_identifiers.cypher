// The words of identifiers that were stored by an older version.
UNWIND $rows AS row
MATCH (n:Identifier {id: row.id})
USING INDEX SEEK n:Identifier(id)
SET n.search = row.search
