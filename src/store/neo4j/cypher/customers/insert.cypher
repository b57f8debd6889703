// Customers that are new.
UNWIND $rows AS row
CREATE (c:CustomerId:Customer)
SET c = row
