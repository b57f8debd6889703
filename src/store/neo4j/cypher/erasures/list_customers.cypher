// A customer and the customers that were merged into it.
MATCH (c:CustomerId {id: $customer})
USING INDEX SEEK c:CustomerId(id)
MATCH (c)<-[:MERGED_INTO*0..]-(each:CustomerId)
RETURN each.id AS id
