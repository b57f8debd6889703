// The locks of the batch's orders, in the order of $keys. The SET takes the lock.
UNWIND $keys AS row
MERGE (o:Order {key: row.key})
SET o.number = row.number
