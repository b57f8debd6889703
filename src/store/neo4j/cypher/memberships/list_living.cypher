// The present customers of the given ids, and the keys of all their identifiers: all of these are locked next.
UNWIND $customers AS id
MATCH (who:CustomerId {id: id})-[:MERGED_INTO*0..]->(c:Customer)
USING INDEX SEEK who:CustomerId(id)
OPTIONAL MATCH (c)-[:IDENTIFIED_BY]->(i:Identifier)
RETURN id, c.id AS living, collect(i.key) AS keys
