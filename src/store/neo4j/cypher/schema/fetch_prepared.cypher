// Whether a program of this version has set up the data: the version, and whether the counter has its figures, with the
// kinds and channels in use.
MATCH (s:Schema {name: 'throughline'})
MATCH (n:Counter {name: 'changes'})
RETURN s.version AS version, n.health IS NOT NULL AND n.health CONTAINS '"names"' AS counted
