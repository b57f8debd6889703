// Currencies without money left. With IS NOT NULL, the unique index on (customer, currency) finds all currencies of a
// customer.
UNWIND $rows AS row
MATCH (s:Spend)
USING INDEX SEEK s:Spend(customer, currency)
WHERE s.customer = row.customer AND s.currency IS NOT NULL AND NOT s.currency IN row.currencies
DELETE s
