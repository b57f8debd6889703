// The times of identifiers in events without a touchpoint or a link of these identifiers.
UNWIND $rows AS row
CREATE (s:SeenAlone)
SET s = row, s.since = $seq
