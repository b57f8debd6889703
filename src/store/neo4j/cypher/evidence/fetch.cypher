// The stored outcomes of the batch's sets, from the index on (set). The last one counts.
UNWIND $sets AS set
MATCH (e:Evidence {set: set})
USING INDEX SEEK e:Evidence(set)
RETURN set, e.arrival AS arrival, e.outcomes AS outcomes, e.rules_version AS rules_version
