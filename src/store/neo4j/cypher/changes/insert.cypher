// The batch in the change log, and the figures of the whole store. The figures come last: they are on the counter node,
// whose lock this transaction has already.
MATCH (n:Counter {name: 'changes'})
SET n.customers = n.customers + $customers, n.touchpoints = n.touchpoints + $touchpoints
SET n.decisions = coalesce(n.decisions, 0) + $decisions
SET n.health = coalesce($health, n.health)
CREATE (:Change {seq: $seq, at: $at, entries: $entries, size: $size})
