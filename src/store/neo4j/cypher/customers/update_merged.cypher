// Merged customers: they keep their id and lose the label of the indexes for lists.
UNWIND $rows AS row
MATCH (old:CustomerId {id: row.from})
USING INDEX SEEK old:CustomerId(id)
MATCH (new:CustomerId {id: row.into})
USING INDEX SEEK new:CustomerId(id)
REMOVE old:Customer
SET old:MergedCustomer
REMOVE old.last_seen_at, old.first_seen_at, old.order_count, old.channels, old.identifier_count
CREATE (old)-[:MERGED_INTO {seq: $seq}]->(new)
