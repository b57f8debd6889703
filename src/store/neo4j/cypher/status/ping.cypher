// Whether the server answers from the database.
MATCH (n:Counter {name: 'changes'})
RETURN n.seq AS seq
