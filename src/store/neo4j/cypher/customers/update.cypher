// Figures of existing customers. Their versions were raised when they were locked.
UNWIND $rows AS row
MATCH (c:CustomerId {id: row.id})
USING INDEX SEEK c:CustomerId(id)
SET c += row.set, c.identifier_count = coalesce(row.size, c.identifier_count)
