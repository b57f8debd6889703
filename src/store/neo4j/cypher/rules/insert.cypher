// The next version. The counter's lock is held since the change number was taken, so no other is saved
// between the check and this.
MATCH (n:Counter {name: 'changes'})
SET n.rules = $version
CREATE (r:Rules {version: $version, saved_at: $at, saved_by: $by, text: $text})
SET r.note = $note
