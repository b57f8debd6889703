// A person's decision, and its sides.
UNWIND $rows AS row
CREATE (d:Decision)
SET d = row.set
WITH d, row
UNWIND row.members AS member
MATCH (i:Identifier {id: member.identifier})
USING INDEX SEEK i:Identifier(id)
CREATE (d)-[:SIDE {number: member.number, since: $seq}]->(i)
