// The version of the data, made on first sight. It is only ever raised, and only by a program that
// knows the newer shape; an older program finds a higher number here and leaves the data alone.
// From 1 to 2 nothing is missing but what schema.cypher makes, and the edges from evidence; from 2 to 3 words are made anew.
MERGE (s:Schema {name: 'throughline'})
ON CREATE SET s.version = $version
WITH s, s.version AS found
SET s.version = CASE WHEN found < $version THEN $version ELSE found END
RETURN s.version AS version, found
