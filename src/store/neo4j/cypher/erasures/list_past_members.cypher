// The identifiers that the person's customers had once, and the customers that were merged and came apart again.
UNWIND $customers AS id
MATCH (c:CustomerId {id: id})
USING INDEX SEEK c:CustomerId(id)
RETURN COLLECT { MATCH (c)-[:WAS_IDENTIFIED_BY]->(i:Identifier) RETURN i.id } AS identifiers,
  COLLECT { MATCH (c)-[:WAS_MERGED_INTO]-(:CustomerId)-[:MERGED_INTO*0..]->(o:Customer) RETURN o.id } AS customers
