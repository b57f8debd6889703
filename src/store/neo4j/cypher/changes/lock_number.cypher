// The change number. Whoever has it writes alone until it commits: the counter's lock is held from
// here on, so numbers have no gaps and follow the order of commits. Time never runs backwards.
MATCH (n:Counter {name: 'changes'})
SET n.seq = n.seq + 1
SET n.at = CASE WHEN n.at > $now THEN n.at ELSE $now END
RETURN n.seq AS seq, n.at AS at, coalesce(n.decisions, 0) AS decisions, n.health AS health, coalesce(n.rules, 1) AS rules
