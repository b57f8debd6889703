// Every type and property that a read names, made once and taken away again: the server answers a
// name that it never saw with a warning, in every answer.
CREATE (a:Customer:MergedCustomer:CustomerId:Writing:Identifier:Message:Touchpoint:Order:Trait:Consent:Device:Product:Evidence:Rules:Decision:IdentityEvent:Change:PastLink:SeenAlone:PastDevice:DeviceSeenAlone:PastProduct)
CREATE (a)-[:IDENTIFIED_BY {since: 0}]->(a)
CREATE (a)-[:WAS_IDENTIFIED_BY {since: 0, until: 0}]->(a)
CREATE (a)-[:MERGED_INTO {seq: 0}]->(a)
CREATE (a)-[:WAS_MERGED_INTO {since: 0, until: 0}]->(a)
CREATE (a)-[:CLAIMS]->(a)
CREATE (a)-[:CLAIMED {until: 0}]->(a)
CREATE (a)-[:GAVE {since: 0, until: 0}]->(a)
CREATE (a)-[:STORED_ON]->(a)
CREATE (a)-[:PLACED]->(a)
CREATE (a)-[:CONTAINS]->(a)
CREATE (a)-[:RETURNED]->(a)
CREATE (a)-[:LINKED]->(a)
CREATE (a)-[:REFUSED]->(a)
CREATE (a)-[:WISHED]->(a)
CREATE (a)-[:UNWISHED]->(a)
CREATE (a)-[:LIKED]->(a)
CREATE (a)-[:DISLIKED]->(a)
CREATE (a)-[:ADDED]->(a)
CREATE (a)-[:REMOVED]->(a)
SET a += $names
DETACH DELETE a
