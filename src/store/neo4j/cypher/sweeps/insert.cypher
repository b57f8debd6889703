// The transaction has the counter's lock, so nobody else writes these.
MERGE (s:Sweep {segment: $segment})
SET s.change = $change, s.at = $at, s.after = $after
