// Sides that identifiers took when they joined a customer with these sides.
UNWIND $rows AS row
MATCH (d:Decision {arrival: row.decision})
USING INDEX SEEK d:Decision(arrival)
MATCH (i:Identifier {id: row.identifier})
USING INDEX SEEK i:Identifier(id)
CREATE (d)-[:SIDE {number: row.number, since: $seq}]->(i)
