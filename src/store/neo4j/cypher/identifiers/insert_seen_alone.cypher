// When identifiers were seen in events that left neither a touchpoint nor a link of theirs.
UNWIND $rows AS row
CREATE (s:SeenAlone)
SET s = row, s.since = $seq
