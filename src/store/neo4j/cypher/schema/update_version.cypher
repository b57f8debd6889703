// The version of the data, created at the first use. It is only raised, and only by a program that knows the newer
// form. An older program finds a higher number here and does not change the data. The step from 1 to 2 needs only
// schema.cypher and the edges from evidence. The steps from 2 to 3
// and from 3 to 4 make the words and the keys of claims again. The step from 4 to 5 judges who is in the saved segments.
MERGE (s:Schema {name: 'throughline'})
ON CREATE SET s.version = $version
WITH s, s.version AS found
SET s.version = CASE WHEN found < $version THEN $version ELSE found END
RETURN s.version AS version, found
