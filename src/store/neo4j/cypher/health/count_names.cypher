// The kinds and channels in use, in data that was written before these were kept. It reads all data, once. It takes the
// lock first, as for a change, so that no other writer adds data during the read.
MATCH (n:Counter {name: 'changes'})
WHERE NOT n.health CONTAINS '"names"'
SET n.locked = true
REMOVE n.locked
WITH n
WHERE NOT n.health CONTAINS '"names"' AND EXISTS {
  MATCH (known:Identifier)
  WHERE known.id IS NOT NULL
}
CALL () {
  MATCH (i:Identifier)
  WHERE i.id IS NOT NULL
  RETURN collect(DISTINCT i.kind) AS kinds
}
CALL () {
  MATCH (t:Touchpoint)
  RETURN collect(DISTINCT t.channel) AS channels
}
RETURN n.health AS health, kinds, channels
