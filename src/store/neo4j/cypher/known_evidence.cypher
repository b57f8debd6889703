// The outcomes on record for the batch's sets, from the index on (set); the last one counts.
UNWIND $sets AS set
MATCH (e:Evidence {set: set})
RETURN set, e.arrival AS arrival, e.outcomes AS outcomes, e.rules_version AS rules_version
