// New customers.
UNWIND $rows AS row
CREATE (c:CustomerId:Customer)
SET c = row
