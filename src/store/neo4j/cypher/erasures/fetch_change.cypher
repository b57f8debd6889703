UNWIND $seqs AS seq
MATCH (n:Change {seq: seq})
USING INDEX SEEK n:Change(seq)
RETURN seq, n.entries AS entries
