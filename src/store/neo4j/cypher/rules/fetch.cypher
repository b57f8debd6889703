// The newest version of the rules, and the version that all stored data agrees with.
MATCH (n:Counter {name: 'changes'})
MATCH (r:Rules {version: coalesce(n.rules, 1)})
USING INDEX SEEK r:Rules(version)
RETURN r.version AS version, r.saved_at AS saved_at, r.saved_by AS saved_by, r.note AS note, r.text AS text,
  coalesce(n.restitched, 1) AS applied
