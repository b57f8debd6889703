// The version of the data; no row in an empty database.
MATCH (s:Schema {name: 'throughline'})
RETURN s.version AS version
