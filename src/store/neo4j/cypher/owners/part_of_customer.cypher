// All identifiers of each customer, by its id or by the id of a customer merged into it.
UNWIND range(0, size($of) - 1) AS n
MATCH (who:CustomerId {id: $of[n]})-[:MERGED_INTO*0..]->(c:Customer)
USING INDEX SEEK who:CustomerId(id)
MATCH (c)-[:IDENTIFIED_BY]->(i:Identifier)
WITH n, collect(i) AS ids
