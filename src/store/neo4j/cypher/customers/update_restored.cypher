// Former customers that are customers again. A later statement writes their figures. They are not locked, so the
// version is raised here.
UNWIND $rows AS row
MATCH (old:CustomerId {id: row.id})-[m:MERGED_INTO]->(into:CustomerId)
USING INDEX SEEK old:CustomerId(id)
CREATE (old)-[:WAS_MERGED_INTO {since: m.seq, until: $seq}]->(into)
DELETE m
REMOVE old:MergedCustomer
SET old:Customer, old.version = old.version + 1
