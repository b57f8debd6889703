// How many fit: every customer is looked at.
MATCH (c:Customer)
WHERE true
