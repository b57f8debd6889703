// Every set that names one of these identifiers, each once.
UNWIND $ids AS id
MATCH (:Identifier {id: id})<-[:NAMES]-(e:Evidence)
WITH DISTINCT e
RETURN e.arrival AS arrival, e.identifiers AS identifiers, e.rules_version AS rules_version
