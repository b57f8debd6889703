// The latest stored sets of each device identifier. Unless it is shared, a device identifier is in few sets.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
CALL (i) {
  MATCH (i)<-[:NAMES]-(e:Evidence)
  RETURN e
  ORDER BY e.arrival DESC
  LIMIT $most
}
RETURN id AS device, e.arrival AS arrival, e.identifiers AS identifiers, e.rules_version AS rules_version
ORDER BY arrival DESC
