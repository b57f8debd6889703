UNWIND $rows AS row
MATCH (n:Change {seq: row.seq})
USING INDEX SEEK n:Change(seq)
SET n.entries = row.entries
