// Says which customers a commit is about, in a transaction of its own that ends before that commit
// begins: a commit becomes visible bit by bit, and readers of these customers must know of it.
CREATE (:Writing {store: 1, seq: $seq, customers: $customers})
