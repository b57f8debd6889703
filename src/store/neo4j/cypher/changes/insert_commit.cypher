// Writes a marker with the customers of a commit, in a transaction of its own that ends before the commit begins. A
// commit becomes visible in parts, and readers of these customers must know this.
CREATE (:Writing {store: 1, seq: $seq, customers: $customers})
