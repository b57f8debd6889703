// The next version. This transaction has the counter's lock since it took the change number, so no other version is
// saved between the check and this.
MATCH (n:Counter {name: 'changes'})
SET n.rules = $version
CREATE (r:Rules {version: $version, saved_at: $at, saved_by: $by, text: $text})
SET r.note = $note
