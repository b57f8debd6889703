// Whether the data was set up by a program of this version: the version, and that the counter has its figures, with
// the kinds and channels that are in use.
MATCH (s:Schema {name: 'throughline'})
MATCH (n:Counter {name: 'changes'})
RETURN s.version AS version, n.health IS NOT NULL AND n.health CONTAINS '"names"' AS counted
