// Currencies in which nothing is left. IS NOT NULL lets the unique index on (customer, currency)
// find all of a customer's.
UNWIND $rows AS row
MATCH (s:Spend)
USING INDEX SEEK s:Spend(customer, currency)
WHERE s.customer = row.customer AND s.currency IS NOT NULL AND NOT s.currency IN row.currencies
DELETE s
