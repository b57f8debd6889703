// Whether the data was set up by a program of this version: the version, and that the counter has its figures.
MATCH (s:Schema {name: 'throughline'})
MATCH (n:Counter {name: 'changes'})
RETURN s.version AS version, n.health IS NOT NULL AS counted
