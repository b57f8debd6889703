// The number of customers that meet the conditions. It reads every customer.
MATCH (c:Customer)
WHERE true
