// Whether the server answers, and answers from the database.
MATCH (n:Counter {name: 'changes'})
RETURN n.seq AS seq
