// The version of the data, made on first sight. It is only ever raised, and only by the program
// that knows the new shape; an older program finds a higher number here and leaves the data alone.
MERGE (s:Schema {name: 'throughline'})
ON CREATE SET s.version = $version
RETURN s.version AS version
