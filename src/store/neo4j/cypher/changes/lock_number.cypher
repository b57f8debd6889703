// The change number. The counter's lock is held until the commit, so this writer writes alone. So numbers have no gaps
// and follow the order of commits. Times of changes never decrease.
MATCH (n:Counter {name: 'changes'})
SET n.seq = n.seq + 1
SET n.at = CASE WHEN n.at > $now THEN n.at ELSE $now END
RETURN n.seq AS seq, n.at AS at, coalesce(n.decisions, 0) AS decisions, n.health AS health, coalesce(n.rules, 1) AS rules,
  coalesce(n.erasures, 0) AS erasures
