// The latest sets that were kept of each device. A device that is not shared is named by few.
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
