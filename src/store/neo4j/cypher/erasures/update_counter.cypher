// The change of the erasure, and the figures of the whole store. This transaction has the counter's lock.
MATCH (n:Counter {name: 'changes'})
SET n.customers = n.customers - 1, n.touchpoints = n.touchpoints - $touchpoints
SET n.erasures = coalesce(n.erasures, 0) + 1
SET n.health = coalesce($health, n.health)
CREATE (:Change {seq: $seq, at: $at, entries: $entries, size: 1})
