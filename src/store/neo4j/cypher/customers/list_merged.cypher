// The customers that were merged into the customers of these identifiers, each with its identifiers at the time of the
// merge.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})<-[:IDENTIFIED_BY]-(c:Customer)
USING INDEX SEEK i:Identifier(id)
WITH DISTINCT c
MATCH (c)<-[:MERGED_INTO*0..]-(:CustomerId)<-[m:MERGED_INTO]-(old:MergedCustomer)
MATCH (old)-[was:WAS_IDENTIFIED_BY {until: m.seq}]->(i:Identifier)
RETURN old.id AS id, old.born AS born, m.seq AS merged, collect(i.id) AS identifiers
