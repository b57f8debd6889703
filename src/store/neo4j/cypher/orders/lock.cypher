// The locks of the batch's orders, in the order of $keys; the SET is what locks.
UNWIND $keys AS row
MERGE (o:Order {key: row.key})
SET o.number = row.number
