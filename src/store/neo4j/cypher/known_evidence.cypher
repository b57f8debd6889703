// The outcomes on record for the batch's sets, from the index on (set).
UNWIND $sets AS set
MATCH (e:Evidence {set: set})
RETURN DISTINCT set, e.outcomes AS outcomes
