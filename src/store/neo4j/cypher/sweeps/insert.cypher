// The transaction holds the counter's lock: no other transaction writes sweeps.
MERGE (s:Sweep {segment: $segment})
SET s.change = $change, s.at = $at, s.after = $after
